/**
 * The programs in the kernel, loaded and attached once for every namespace of a machine. The first supervisor makes the load
 * and pins it, a later one opens the pins, and the one that leaves no namespace behind removes it.
 */
import { createHash, randomBytes } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { interpreterNames, multiCallNames } from "@isoline/core/identity";
import { activeModules } from "../../abi/security-modules.ts";
import { LinuxError } from "../../error.ts";
import { BpfMap } from "../../libbpf/map.ts";
import { BpfObject } from "../../libbpf/object.ts";
import { refusalAt } from "../../libbpf/refusal.ts";
import type { Attachment } from "./attachment.ts";
import { objectFile } from "./object-file.ts";
import { PINS, pinsIn, pinWhole, removePins, withLock } from "./pins.ts";
import { MOST_NAMESPACES, placeOf, removeStance, setStance, stanceOf } from "./stance.ts";
import { LABEL_BYTES, defaultAction, modes, namespaceState, u32 } from "./structures.ts";
import { wakeHeld } from "./wake.ts";

/** Maps that are in the object, of which a supervisor needs a descriptor. */
const mapNames = [
  "members",
  "launching",
  "invitations",
  "namespace_states",
  "default_actions",
  "labels",
  "journal",
  "supervisors",
  "own_groups",
  "numbers",
  "tables",
  "rings",
  "tallies",
  "sleepers",
  "holding",
  "tickets",
  "assigned",
  "images",
  "barred",
  "own",
] as const;
export type MapName = (typeof mapNames)[number];

/** As in `bpf/arguments.h`. */
const PROGRAM_BYTES = 32;

/** As many as `SECRET_WORDS` in `bpf/short-key.h`. */
const SECRET_WORDS = 256;

/** Maps that hold one map of each namespace. */
const OF_EACH = ["tables", "rings", "tallies"] as const;
type OfEach = (typeof OF_EACH)[number];

/** As many entries as `own` has in `bpf/maps.h`. */
const MOST_OWN = 4 * MOST_NAMESPACES;

/** The kind in the upper half of a key of `own`: `OWN_MAP` and `OWN_PROGRAM`. */
const OWN = { maps: 1, programs: 2 } as const;

/** Where a load of this build's programs, attached so, is pinned. */
function directoryOf(attachment: Attachment): string {
  const build = createHash("sha256")
    .update(readFileSync(objectFile(attachment)))
    .digest("hex")
    .slice(0, 16);
  return `${PINS}/${attachment}-${build}`;
}

/** Whether a load is of this build. The records of another one have another meaning, even where they are as long. */
export function isOfThisBuild(directory: string, attachment: Attachment): boolean {
  return directory === directoryOf(attachment);
}

/** The state of a namespace of a load. */
export interface Standing {
  readonly id: number;
  /** The process id of its supervisor; 0 if that has ended. */
  readonly supervisor: number;
  /** While it has no supervisor, acts that are not known are refused, and do not go ahead. */
  readonly refuses: boolean;
  readonly live: number;
  readonly lost: number;
}

export class Load {
  readonly directory: string;
  /**
   * A descriptor of the directory. The pins exist as long as a process has it open, even if another file system is mounted
   * over it, or its name is removed.
   */
  readonly fd: number;
  readonly maps: Readonly<Record<MapName, BpfMap>>;

  private constructor(directory: string) {
    this.directory = directory;
    this.fd = openSync(directory, "r");
    const found: BpfMap[] = [];
    try {
      const pinned = mapNames.map((name) => {
        const map = BpfMap.pinned(name, `${directory}/${name}`);
        found.push(map);
        return [name, map];
      });
      this.maps = Object.fromEntries(pinned) as Record<MapName, BpfMap>;
    } catch (fault) {
      for (const map of found) map.close();
      closeSync(this.fd);
      throw fault;
    }
  }

  /** Attaches and detaches at once, unless programs are attached already; throws what fails. */
  static try(attachment: Attachment): void {
    if (pinsIn(directoryOf(attachment)) === undefined) attached(attachment).close();
  }

  /** Opens the load that is pinned in a directory, to read it; throws if it is of another build. */
  static look<T>(directory: string, body: (load: Load) => T): T {
    const load = new Load(directory);
    try {
      if (
        load.maps.namespace_states.valueBytes !== namespaceState.bytes ||
        load.maps.default_actions.valueBytes !== defaultAction.bytes
      )
        throw new LinuxError("bpf-unavailable", `${directory} is of another build of isoline`);
      return body(load);
    } finally {
      load.close();
    }
  }

  /** Enters the load, which is made if there is none, and calls `begin` there under the lock. */
  static enter<T>(attachment: Attachment, begin: (load: Load) => T): T {
    const directory = directoryOf(attachment);
    return withLock(() => {
      if (pinsIn(directory) === undefined) make(attachment, directory);
      const load = new Load(directory);
      try {
        load.#forgetTheDead();
        return begin(load);
      } catch (fault) {
        try {
          load.#removeIfEmpty();
        } finally {
          load.close();
        }
        throw fault;
      }
    });
  }

  /** Enters the load that is pinned in a directory. */
  static enterAt<T>(directory: string, begin: (load: Load) => T): T {
    return withLock(() => {
      const load = new Load(directory);
      try {
        forgetGone(load.maps.own);
        return begin(load);
      } catch (fault) {
        load.close();
        throw fault;
      }
    });
  }

  /** Calls `end` under the lock, and removes the load if no namespace is left. Its caller closes it. */
  leave(end: () => void): void {
    withLock(() => {
      end();
      this.#forgetTheDead();
      this.#removeIfEmpty();
    });
  }

  /** The kernel's ids of the programs. */
  get programs(): readonly number[] {
    const kept = this.maps.own.keys(8, MOST_OWN).filter((key) => key.readUInt32LE(4) === OWN.programs);
    return kept.map((key) => key.readUInt32LE(0));
  }

  /** No workload gets a descriptor of a map that belongs to one namespace, either. */
  keep(map: BpfMap): void {
    const { own } = this.maps;
    if (own.update(ownKey(map.number, OWN.maps), u32(1))) return;
    forgetGone(own);
    keep(own, map.number, OWN.maps);
  }

  /** Gives the BPF programs a map of a namespace, in place of the one that an earlier supervisor made. */
  put(within: OfEach, id: number, map: BpfMap): void {
    const earlier = this.#numberIn(within, id);
    if (!this.maps[within].update(placeOf(id), u32(map.fd))) throw full();
    if (earlier !== undefined) this.maps.own.delete(ownKey(earlier, OWN.maps));
  }

  /** Lets go of a map that was made for a namespace, unless the BPF programs were given it. */
  letGo(id: number, map: BpfMap): void {
    const { number } = map;
    if (!OF_EACH.some((within) => this.#numberIn(within, id) === number))
      this.maps.own.delete(ownKey(number, OWN.maps));
    map.close();
  }

  /** The kernel's id of the map that a namespace has there. */
  #numberIn(within: OfEach, id: number): number | undefined {
    const number = Buffer.alloc(4);
    return this.maps[within].lookup(placeOf(id), number) ? number.readUInt32LE(0) : undefined;
  }

  /** The numbers of all namespaces. */
  namespaces(): readonly number[] {
    return this.maps.namespace_states.keys(4, MOST_NAMESPACES).map((key) => key.readUInt32LE(0));
  }

  /** The number of a new namespace: the next one whose index is free. */
  nextNumber(): number {
    const last = Buffer.alloc(4);
    this.maps.numbers.lookup(u32(0), last);
    const taken = new Set(this.namespaces().map((id) => id % MOST_NAMESPACES));
    if (taken.size >= MOST_NAMESPACES) throw full();
    let number = last.readUInt32LE(0) + 1;
    while (taken.has(number % MOST_NAMESPACES)) number += 1;
    this.maps.numbers.update(u32(0), u32(number));
    return number;
  }

  /** All namespaces, with their states. */
  census(): readonly Standing[] {
    const record = Buffer.alloc(namespaceState.bytes);
    return this.namespaces().flatMap((id) => {
      const stance = stanceOf(this.maps.default_actions, id);
      if (stance === undefined || !this.maps.namespace_states.lookup(u32(id), record)) return [];
      const { alone, supervisor: decides } = stance;
      return [
        {
          id,
          supervisor: decides !== 0 && existsSync(`/proc/${decides}`) ? decides : 0,
          refuses: alone !== modes.tell,
          live: Number(record.readBigInt64LE(namespaceState.live)),
          lost: Number(record.readBigUInt64LE(namespaceState.lost)),
        },
      ];
    });
  }

  /** The label of a namespace; "" if it has none. */
  labelOf(id: number): string {
    const text = Buffer.alloc(LABEL_BYTES);
    if (!this.maps.labels.lookup(u32(id), text)) return "";
    const end = text.indexOf(0);
    return text.toString("utf8", 0, end < 0 ? undefined : end);
  }

  /** Sets the label of a namespace; a label that is too long is cut. */
  setLabel(id: number, label: string): void {
    const text = Buffer.alloc(LABEL_BYTES);
    text.write(label, "utf8");
    this.maps.labels.update(u32(id), text);
  }

  /** Removes a namespace. A process that is still in it has every act refused. */
  forget(id: number): void {
    const key = u32(id);
    for (const name of OF_EACH) {
      const number = this.#numberIn(name, id);
      if (number !== undefined) this.maps.own.delete(ownKey(number, OWN.maps));
      this.maps[name].delete(placeOf(id));
    }
    for (const tid of this.maps.launching.keys(4, MOST_NAMESPACES)) {
      const begins = Buffer.alloc(4);
      if (this.maps.launching.lookup(tid, begins) && begins.equals(key)) this.maps.launching.delete(tid);
    }
    for (const name of ["tickets", "barred"] as const) this.#forgetIn(this.maps[name], 24, key);
    this.#forgetIn(this.maps.journal, 8, key);
    this.maps.labels.delete(key);
    removeStance(this.maps.default_actions, id);
    this.maps.namespace_states.delete(key);
  }

  /**
   * Nothing waits for a verdict any more: no supervisor decides in this namespace. The task that is woken repeats its call, and
   * one that is just about to wait finds no supervisor (`hold` in `bpf/hold.h`); what is not decided is refused.
   */
  abandon(id: number): void {
    setStance(this.maps.default_actions, id, { mode: modes.refuse, alone: modes.refuse, supervisor: 0, processors: 0 });
    wakeHeld(this.maps.holding.fd, id, 0);
  }

  /** Verdicts that were given once, for one thread, and that the thread has not taken. */
  forgetTickets(id: number): void {
    this.#forgetIn(this.maps.tickets, 24, u32(id));
  }

  /** From now on files that execs load are reported again. */
  forgetImages(id: number): void {
    this.#forgetIn(this.maps.images, 24, u32(id));
  }

  /** Removes the entries of a namespace from a table of all; their keys begin with its number. */
  #forgetIn(map: BpfMap, keyBytes: number, id: Buffer): void {
    for (const key of map.keys(keyBytes, 65_536)) if (key.subarray(0, 4).equals(id)) map.delete(key);
  }

  /** Removes namespaces that have no supervisor and no living process. */
  #forgetTheDead(): void {
    for (const { id, supervisor, live } of this.census()) if (supervisor === 0 && live <= 0) this.forget(id);
  }

  /** Whether the programs are still pinned: root may have removed the pins, and another load may have their name by now. */
  get isPinned(): boolean {
    return existsSync(`/proc/self/fd/${this.fd}/holding`);
  }

  #removeIfEmpty(): void {
    if (this.namespaces().length === 0 && this.isPinned) removePins(this.directory);
  }

  close(): void {
    for (const map of Object.values(this.maps)) map.close();
    closeSync(this.fd);
  }
}

/** The object, loaded and attached; detached when it is closed, unless it is pinned. */
function attached(attachment: Attachment): BpfObject {
  // Without the module, programs attach to its hooks all the same, and the kernel never calls them.
  if (attachment === "lsm" && !(activeModules()?.includes("bpf") ?? false))
    throw new LinuxError("bpf-unavailable", "bpf is not known to be among the active security modules (lsm=)");
  const refusal = attachment === "tracepoints" ? 0 : refusalAt(attachment);
  if (refusal !== 0)
    throw new LinuxError("bpf-unavailable", `the kernel does not take BPF programs at its hooks (errno ${refusal})`);
  const object = BpfObject.open(objectFile(attachment));
  try {
    object.setConstants(".rodata.secret", randomBytes(16));
    object.setConstants(".rodata.words", randomBytes(8 * SECRET_WORDS));
    object.load();
    const interpreters = object.map("interpreters");
    for (const name of [...interpreterNames, ...multiCallNames]) tell(interpreters, name);
    const own = object.map("own");
    const numbers = object.numbers();
    for (const kind of ["maps", "programs"] as const) for (const number of numbers[kind]) keep(own, number, OWN[kind]);
    object.attach();
    return object;
  } catch (fault) {
    object.close();
    throw fault;
  }
}

function make(attachment: Attachment, directory: string): void {
  const object = attached(attachment);
  try {
    pinWhole(directory, (unfinished) => object.pin(unfinished, mapNames));
  } finally {
    object.close();
  }
}

/** Programs with this name, with or without a version, have their arguments reported. */
function tell(interpreters: BpfMap, name: string): void {
  const key = Buffer.alloc(PROGRAM_BYTES);
  if (key.write(name, "latin1") >= PROGRAM_BYTES || !interpreters.update(key, u32(1)))
    throw new LinuxError("bpf-unavailable", `the BPF programs cannot be told of the interpreter ${name}`);
}

/** No process inside a namespace gets a descriptor of the map or program with this id. */
function keep(own: BpfMap, number: number, kind: number): void {
  if (!own.update(ownKey(number, kind), u32(1)))
    throw new LinuxError("bpf-unavailable", "the BPF programs cannot be kept from the workload: there are too many");
}

/** Under the lock. A supervisor left these that was killed when it had made the maps of a namespace and not given them to it. */
function forgetGone(own: BpfMap): void {
  for (const key of own.keys(8, MOST_OWN))
    if (key.readUInt32LE(4) === OWN.maps && BpfMap.isGone(key.readUInt32LE(0))) own.delete(key);
}

function ownKey(number: number, kind: number): Buffer {
  return Buffer.concat([u32(number), u32(kind)]);
}

export function full(): LinuxError {
  return new LinuxError(
    "bpf-unavailable",
    `no more than ${MOST_NAMESPACES} behaviour namespaces can be on a machine under the bpf sensor; isoline ps tells which there are`,
  );
}
