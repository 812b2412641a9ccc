/**
 * One namespace in the BPF programs: its settings, and the records and counts that it produces.
 *
 * It has its own ring, table of decided keys and counters. Everything else is shared with the other namespaces of the load,
 * under its number.
 */
import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { BpfMap, type MapShape, NO_PREALLOCATION } from "../../libbpf/map.ts";
import { BpfObject } from "../../libbpf/object.ts";
import { RingReader } from "../../libbpf/ring.ts";
import { Journal } from "./journal.ts";
import type { Attachment } from "./attachment.ts";
import { KeptGroups } from "./kept-groups.ts";
import type { HeldThread } from "./held-thread.ts";
import { full, Load } from "./load.ts";
import { Members } from "./members.ts";
import { type Note, takeBack } from "./note.ts";
import { operations } from "./record.ts";
import { Rest } from "./rest.ts";
import { MOST_NAMESPACES, setStance } from "./stance.ts";
import { gone, refuseOtherPolicy } from "./takeover.ts";
import { wakeHeld } from "./wake.ts";
import {
  counterNames,
  decided,
  isFor,
  modes,
  namespaceState,
  onceBytes,
  ticketKey,
  u32,
  verdictBytes,
  verdictIn,
  versionsOf,
} from "./structures.ts";

export interface KernelNamespaceOptions {
  readonly attachment: Attachment;
  readonly mode: keyof typeof modes;
  /** Which files are reported with their version: those that run, all that are opened for reading, or all that are opened. */
  readonly versions: keyof typeof versionsOf;
  /** A process that is not trusted may do nothing any more. */
  readonly bars: boolean;
  /** The process id of the supervisor. */
  readonly supervisor: number;
  /** How many keys can be decided for good; acts with further keys are reported each time. */
  readonly keys: number;
  /** Bytes of the ring buffer, a power of two of at least a page. */
  readonly ringSize?: number;
  /** After so many seconds a held act is refused when its call is restarted. */
  readonly holdSeconds: number;
  /** It is a container: its own root, mounts and network are the usual ones. */
  readonly isContainer?: boolean;
  /** The name of the namespace, for commands that find it without its supervisor. */
  readonly label: string;
}

const RING_SIZE = 8 * 2 ** 20;
const OPERATIONS = 64;
const KEY_BYTES = 16;
/** Longer than nearly every exec takes from its first file to its verdict. */
const EXEC_MS = 10;

/** What the BPF programs counted of one operation, over all processors. */
export interface Tally {
  /** Acts that the programs were called for. */
  readonly seen: number;
  /** Of those, acts that went ahead without asking, because they had been decided to be on contour. */
  readonly decidedHere: number;
  /** Records that were sent: one for an act that was reported, more for one that was held. */
  readonly sentUp: number;
  /** Acts that could not be reported. */
  readonly lost: number;
  /** Acts that were refused. */
  readonly refused: number;
}

export class KernelNamespace {
  /** What the next supervisor needs to know. */
  readonly journal: Journal;
  readonly members: Members;
  readonly reader: RingReader;
  /** How the reader waits for more. */
  readonly rest: Rest;
  /** The number of the namespace; never used for another one in this load. */
  readonly id: number;
  readonly #load: Load;
  readonly #own: Readonly<Record<"table" | "ring" | "tally", BpfMap>>;
  readonly #record: Buffer = Buffer.alloc(namespaceState.bytes);
  readonly #opened: { close(): void }[] = [];
  #launcher = 0;
  readonly #supervisor: number;
  /** The control groups that the BPF programs keep. */
  readonly groups: KeptGroups;
  #isLeft = false;
  /** The table has been full since an entry was last removed. */
  #isFull = false;
  /** Keys that the table has room for. */
  readonly room: number;

  /** With a number: takes over the namespace of a supervisor that has ended. Its unread records and its decisions are dropped. */
  private constructor(load: Load, options: KernelNamespaceOptions, orphan?: number) {
    const {
      mode,
      versions,
      bars,
      supervisor,
      keys,
      ringSize = RING_SIZE,
      holdSeconds,
      label,
      isContainer = false,
    } = options;
    this.#load = load;
    this.room = keys;
    this.#supervisor = supervisor;
    this.id = orphan ?? load.nextNumber();
    this.journal = new Journal(load.maps.journal, this.id);
    this.members = new Members(load, this.id, supervisor);
    const made: BpfMap[] = [];
    try {
      const make = (name: string, shape: MapShape) => {
        const map = BpfMap.create(name, shape);
        made.push(map);
        load.keep(map);
        return map;
      };
      this.#own = {
        table: make("table", {
          ...{ type: "hash", keyBytes: KEY_BYTES, valueBytes: decided.bytes },
          ...{ entries: keys, flags: NO_PREALLOCATION },
        }),
        ring: make("ring", { type: "ring", keyBytes: 0, valueBytes: 0, entries: ringSize, flags: 0 }),
        tally: make("tally", {
          ...{ type: "perProcessorArray", keyBytes: 4, valueBytes: 8 * counterNames.length },
          ...{ entries: OPERATIONS, flags: 0 },
        }),
      };
      this.reader = RingReader.of(this.#own.ring, ringSize);
      this.#opened.push(this.reader);
      this.rest = new Rest(load.maps.sleepers, this.id % MOST_NAMESPACES, this.#own.ring.fd);
      this.#opened.push(this.rest);
      this.groups = new KeptGroups(load.maps);
      this.#opened.push(this.groups);
      if (orphan !== undefined) {
        this.#takeOver(options);
        this.groups.keepAnew();
        return;
      }
      load.put("rings", this.id, this.#own.ring);
      load.put("tallies", this.id, this.#own.tally);
      load.put("tables", this.id, this.#own.table);
      this.#record.writeUInt32LE(versionsOf[versions], namespaceState.content);
      this.#record.writeUInt32LE(bars ? 1 : 0, namespaceState.bars);
      this.#record.writeBigUInt64LE(BigInt(Math.round(holdSeconds * 1e9)), namespaceState.deadline);
      // The workload begins with the supervisor's root, mounts and network.
      this.#record.writeUInt32LE(isContainer ? 0 : inodeOf("mnt"), namespaceState.mounts);
      this.#record.writeUInt32LE(isContainer ? 0 : inodeOf("net"), namespaceState.network);
      load.setLabel(this.id, label);
      this.setDefaultAction(mode);
      if (!load.maps.supervisors.update(u32(supervisor), u32(this.id))) throw full();
      this.groups.keepAnew();
      if (!load.maps.namespace_states.update(u32(this.id), this.#record)) throw full();
    } catch (fault) {
      if (orphan === undefined) load.forget(this.id);
      else takeBack(this.note);
      for (const map of made) load.letGo(this.id, map);
      for (const each of this.#opened) each.close();
      throw fault;
    }
  }

  /** Whether the BPF programs report the place of each path, for tasks with another root or other mounts. */
  get tellsPlaces(): boolean {
    return this.#record.readUInt32LE(namespaceState.mounts) !== 0;
  }

  /** Begins a namespace; a missing requirement is thrown as an error of one line. */
  static begin(options: KernelNamespaceOptions): KernelNamespace {
    return Load.enter(options.attachment, (load) => new KernelNamespace(load, options));
  }

  /** Takes over a namespace of a load that is pinned in a directory. If that is refused, the namespace stays as it was. */
  static adopt(directory: string, id: number, options: KernelNamespaceOptions): KernelNamespace {
    return Load.enterAt(directory, (load) => {
      const standing = load.census().find((each) => each.id === id);
      if (standing === undefined || standing.supervisor !== 0) throw gone(id);
      refuseOtherPolicy(load, id, options);
      new Journal(load.maps.journal, id).read();
      return new KernelNamespace(load, options, id);
    });
  }

  /**
   * The workload goes on meanwhile, so the order counts. Until this supervisor decides, what was decided earlier goes ahead, and the
   * rest is refused or let go ahead, as before. So the earlier decisions are dropped when an act without one is held for this supervisor;
   * and somewhat later than the files of execs, so that an exec that began before is over. Tasks that wait for the earlier supervisor
   * are woken last, and ask this one.
   *
   * To replace a map takes until no BPF program runs that began before (kernel/bpf/syscall.c, maybe_wait_bpf_programs). The tallies
   * are replaced before the ring, so that a program that found the earlier supervisor alive writes nothing to the new ring.
   */
  #takeOver({ mode, supervisor }: KernelNamespaceOptions): void {
    const { maps } = this.#load;
    if (!maps.namespace_states.lookup(u32(this.id), this.#record)) throw gone(this.id);
    if (!maps.supervisors.update(u32(supervisor), u32(this.id))) throw full();
    this.#load.put("tallies", this.id, this.#own.tally);
    this.#load.put("rings", this.id, this.#own.ring);
    this.#load.forgetImages(this.id);
    this.setDefaultAction(mode);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EXEC_MS);
    this.#load.put("tables", this.id, this.#own.table);
    this.#load.forgetTickets(this.id);
    wakeHeld(maps.holding.fd, this.id, 0);
  }

  /** Sets what becomes of an act that has not been decided, and what does once there is no supervisor; else that stays. */
  setDefaultAction(mode: keyof typeof modes, alone?: keyof typeof modes): void {
    setStance(this.#load.maps.default_actions, this.id, {
      mode: modes[mode],
      supervisor: this.#supervisor,
      processors: availableParallelism(),
      ...(alone && { alone: modes[alone] }),
    });
  }

  /** The next processes that this thread forks begin the namespace. */
  launchFrom(tid: number): void {
    this.#launcher = tid;
    this.#load.maps.launching.update(u32(tid), u32(this.id));
  }

  /** No task waits for this supervisor any more; what is not decided is refused, as long as a program is still attached. */
  abandon(): void {
    this.#load.abandon(this.id);
  }

  /** No process begins the namespace any more. */
  endLaunch(): void {
    this.#load.maps.launching.delete(u32(this.#launcher));
  }

  /** Decides every act with this key, from now on; false if the table is full. */
  decide(key: Buffer, on: boolean, next: number): boolean {
    this.#isFull ||= !this.#own.table.update(key, verdictBytes(key, on ? "on" : "off", next));
    return !this.#isFull;
  }

  /** Once this supervisor has ended, an act with this key goes ahead. Until then each is held, and decided by the supervisor. */
  permitOrphaned(key: Buffer): void {
    // If the table is full, it is refused then.
    if (!this.#isFull) this.#own.table.update(key, verdictBytes(key, "orphaned", 0));
  }

  /** Whether the table is full, so that no further key can be decided. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** From now on every act with this key is reported again. */
  forget(key: Buffer): void {
    if (this.#own.table.delete(key)) this.#isFull = false;
  }

  /** How often the BPF programs let an act go ahead by a stored decision. */
  timesOf(key: Buffer): number {
    const value = Buffer.alloc(decided.bytes);
    return this.#own.table.lookup(key, value) ? Number(value.readBigUInt64LE(decided.times)) : 0;
  }

  /** Decides about one act of one thread, once. */
  answer(thread: HeldThread, key: Buffer, on: boolean, next: number): boolean {
    const ticket = ticketKey(this.id, thread.tid, key);
    const verdict = on ? "on" : "off";
    return this.#load.maps.tickets.update(ticket, onceBytes(ticket, verdict, next, thread.process));
  }

  /** Takes back the verdict for one act of one thread, if the thread has not taken it; returns it. */
  takeBackAnswer({ process: asking, tid }: HeldThread, key: Buffer): "on" | "off" | undefined {
    const ticket = ticketKey(this.id, tid, key);
    const answer = Buffer.alloc(decided.bytes);
    // The thread that has this id now may be another one, with a verdict of its own.
    if (!this.#load.maps.tickets.lookup(ticket, answer) || !isFor(answer, asking)) return undefined;
    return this.#load.maps.tickets.delete(ticket) ? verdictIn(answer, ticket) : undefined;
  }

  /** Removes a thread from the held ones; false if it was not held, and so need not be woken. */
  release(tid: number): boolean {
    return this.#load.maps.holding.delete(Buffer.concat([u32(this.id), u32(tid)]));
  }

  /**
   * What another thread or process needs to wake held tasks: the descriptor of the map `holding`, and that of the directory of
   * the pins, which exist as long as a process has it open.
   */
  get holding(): { readonly pins: number; readonly fd: number; readonly id: number } {
    return { pins: this.#load.fd, fd: this.#load.maps.holding.fd, id: this.id };
  }

  /** What another thread of this process needs if this one is lost. */
  get note(): Note {
    const { namespace_states: states, default_actions: actions, holding } = this.#load.maps;
    return { states: states.fd, actions: actions.fd, holding: holding.fd, id: this.id, supervisor: this.#supervisor };
  }

  /** The kernel's ids of the BPF programs of its load. */
  get programs(): readonly number[] {
    return this.#load.programs;
  }

  /** Whether the programs are still pinned: root may have removed the pins. */
  get isPinned(): boolean {
    return this.#load.isPinned;
  }

  /** Adds a process that no process in any namespace may signal or access. */
  protect(pid: number): void {
    this.#load.maps.supervisors.update(u32(pid), u32(this.id));
  }

  /** Assigns the identity of an exec that went ahead before it was decided. */
  assign(pending: number, identity: number): boolean {
    return this.#load.maps.assigned.update(Buffer.concat([u32(pending), u32(this.id)]), u32(identity));
  }

  /** The next exec that loads this file has it reported again. */
  reportAgain(file: Buffer): void {
    this.#load.maps.images.delete(Buffer.concat([u32(this.id), u32(0), file]));
  }

  /** Whether a process of it has mapped a file of an overlay that it had opened for writing. */
  get mapsOverlay(): boolean {
    const { namespace_states: states } = this.#load.maps;
    return !states.lookup(u32(this.id), this.#record) || this.#record.readUInt32LE(namespaceState.maps_overlay) !== 0;
  }

  /** How many processes live, how many there have been, how many acts were lost, and the highest handle of a process. */
  census(): { readonly live: number; readonly born: number; readonly lost: number; readonly handles: number } {
    this.#load.maps.namespace_states.lookup(u32(this.id), this.#record);
    return {
      live: Number(this.#record.readBigInt64LE(namespaceState.live)),
      born: Number(this.#record.readBigUInt64LE(namespaceState.born)),
      lost: Number(this.#record.readBigUInt64LE(namespaceState.lost)),
      handles: Number(this.#record.readBigUInt64LE(namespaceState.processes)),
    };
  }

  /** The counts of each operation that has any, by its name in `record.ts`. */
  tallies(): ReadonlyMap<string, Tally> {
    const found = new Map<string, Tally>();
    const values = Buffer.alloc(8 * counterNames.length * BpfObject.processors());
    for (const [name, number] of [["other", 0] as const, ...Object.entries(operations)]) {
      this.#own.tally.lookup(u32(number), values);
      const sums = counterNames.map((_, place) => {
        let sum = 0;
        for (let at = 8 * place; at < values.length; at += 8 * counterNames.length)
          sum += Number(values.readBigUInt64LE(at));
        return sum;
      });
      const [seen, decidedHere, sentUp, lost, refused] = sums as [number, number, number, number, number];
      if (sums.some((sum) => sum > 0)) found.set(name, { seen, decidedHere, sentUp, lost, refused });
    }
    return found;
  }

  /**
   * Ends the namespace, and the load if it was the last one. If processes still live in the namespace, it stays without a supervisor, and
   * an unknown act that would have been held is refused.
   */
  leave(): void {
    if (this.#isLeft) return;
    this.#isLeft = true;
    const isOver = this.census().live <= 0;
    // Without the lock, which may be held for long: none takes over before the note is taken back.
    if (!isOver) takeBack(this.note);
    try {
      this.#load.leave(() => {
        if (isOver) this.#load.forget(this.id);
      });
    } catch (fault) {
      // It goes with the next one that begins or ends. Where a process lives, another supervisor may have taken it over by now.
      if (isOver) takeBack(this.note);
      throw fault;
    } finally {
      for (const each of [...this.#opened, ...Object.values(this.#own), this.#load]) each.close();
    }
  }
}

/** The number of the namespace that this process is in. */
function inodeOf(kind: "mnt" | "net"): number {
  return statSync(`/proc/self/ns/${kind}`).ino;
}
