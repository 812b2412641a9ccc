/**
 * The kernel half of the sensor, loaded and attached: what it is told, and what it tells.
 *
 * One load serves one namespace. The layout of keys and values is that of `bpf/record.h`.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { activeModules } from "../../abi/security-modules.ts";
import { LinuxError } from "../../error.ts";
import type { BpfMap } from "../../libbpf/map.ts";
import { BpfObject } from "../../libbpf/object.ts";
import type { RingReader } from "../../libbpf/ring.ts";
import { objectFile } from "./object-file.ts";
import { SPACE } from "./record.ts";

/** How the programs hear of what happens: asked before it does, or, by tracepoints, told afterwards. */
export type Attachment = "lsm" | "fmod_ret" | "tracepoints";

/** What becomes of an act that has not been decided. */
const modes = { tell: 1, hold: 2, refuse: 3 } as const;

export interface KernelHalfOptions {
  readonly attachment: Attachment;
  readonly mode: keyof typeof modes;
  /** The content of every regular file that is read counts. */
  readonly readsContent: boolean;
  /** A process that is not trusted may do nothing any more. */
  readonly bars: boolean;
  /** The process that decides. */
  readonly supervisor: number;
  /** Where links are pinned, so that refusing goes on without the supervisor; undefined where it is not to. */
  readonly pins: string | undefined;
  /** Bytes of the ring buffer, a power of two of at least a page. */
  readonly ringSize?: number;
}

const RING_SIZE = 4 * 2 ** 20;
const VERDICT = { on: 1, off: 2 } as const;
/** `struct space` */
const SPACE_BYTES = 48;
/** `struct counters`, for each possible processor. */
const COUNTER_WORDS = 5;
const OPERATIONS = 64;

/** What the kernel half counted. */
export interface Tally {
  readonly seen: number;
  readonly decidedHere: number;
  readonly sentUp: number;
  readonly lost: number;
  readonly refused: number;
}

export class KernelHalf {
  readonly reader: RingReader;
  readonly fd: number;
  readonly #object: BpfObject;
  readonly #maps: Readonly<
    globalThis.Record<
      "launching" | "spaces" | "postures" | "decisions" | "tickets" | "assigned" | "barred" | "tallies",
      BpfMap
    >
  >;
  readonly #space: Buffer = Buffer.alloc(SPACE_BYTES);
  readonly #processors: number;
  #launcher = 0;
  readonly #pins: string | undefined;

  private constructor(object: BpfObject, options: KernelHalfOptions, processors: number) {
    this.#object = object;
    this.#processors = processors;
    this.#pins = options.pins;
    const map = (name: string) => object.map(name);
    this.#maps = {
      launching: map("launching"),
      spaces: map("spaces"),
      postures: map("postures"),
      decisions: map("decisions"),
      tickets: map("tickets"),
      assigned: map("assigned"),
      barred: map("barred"),
      tallies: map("tallies"),
    };
    const { reader, fd } = object.ring("ring", options.ringSize ?? RING_SIZE);
    this.reader = reader;
    this.fd = fd;
    this.#space.writeUInt32LE(options.supervisor, 4);
    this.#space.writeUInt32LE(options.readsContent ? 1 : 0, 8);
    this.#space.writeUInt32LE(options.bars ? 1 : 0, 12);
    this.#maps.spaces.update(u32(SPACE), this.#space);
    this.take(options.mode);
  }

  /** Loads and attaches; whatever is missing is said in one line. */
  static load(options: KernelHalfOptions): KernelHalf {
    // Without the module, programs attach to its hooks all the same, and nobody ever calls them.
    if (options.attachment === "lsm" && !(activeModules()?.includes("bpf") ?? false))
      throw new LinuxError("bpf-unavailable", "bpf is not known to be among the active security modules (lsm=)");
    const object = BpfObject.open(objectFile(options.attachment));
    try {
      object.setConstants(".rodata.secret", randomBytes(16));
      object.setSize("ring", options.ringSize ?? RING_SIZE);
      object.load();
      keepOwn(object);
      const half = new KernelHalf(object, options, BpfObject.processors());
      object.attach();
      if (options.pins !== undefined) {
        mkdirSync(options.pins, { recursive: true, mode: 0o700 });
        object.pin(options.pins);
      }
      return half;
    } catch (fault) {
      object.close();
      throw fault;
    }
  }

  /** Says what becomes of an act that has not been decided. */
  take(mode: keyof typeof modes): void {
    this.#maps.postures.update(u32(SPACE), u32(modes[mode]));
  }

  /** The next processes that this thread forks begin the namespace. */
  launchFrom(tid: number): void {
    this.#launcher = tid;
    this.#maps.launching.update(u32(tid), u32(SPACE));
  }

  /** No process begins the namespace any more. */
  endLaunch(): void {
    this.#maps.launching.delete(u32(this.#launcher));
  }

  /** Decides about every act with this key, from now on. */
  decide(key: Buffer, on: boolean, next: number): boolean {
    return this.#maps.decisions.update(decidedKey(key), decided(on, next));
  }

  /** How often the kernel half let an act go ahead by a decision. */
  timesOf(key: Buffer): number {
    const value = Buffer.alloc(16);
    return this.#maps.decisions.lookup(decidedKey(key), value) ? Number(value.readBigUInt64LE(8)) : 0;
  }

  /** Decides about one act of one thread, once. */
  answer(tid: number, key: Buffer, on: boolean, next: number): boolean {
    return this.#maps.tickets.update(Buffer.concat([u32(SPACE), u32(tid), key]), decided(on, next));
  }

  /** Says which identity an exec led to that went ahead before it was decided. */
  assign(pending: number, identity: number): boolean {
    return this.#maps.assigned.update(u32(pending), u32(identity));
  }

  /** From now on a process, and whom it forks, may do nothing. */
  bar(process: number): boolean {
    const key = Buffer.alloc(16);
    key.writeBigUInt64LE(BigInt(process));
    return this.#maps.barred.update(decidedKey(key), u32(1));
  }

  /** Processes that live, how many there ever were, and how much could not be told. */
  census(): { readonly live: number; readonly born: number; readonly lost: number } {
    this.#maps.spaces.lookup(u32(SPACE), this.#space);
    return {
      live: Number(this.#space.readBigInt64LE(24)),
      born: Number(this.#space.readBigUInt64LE(32)),
      lost: Number(this.#space.readBigUInt64LE(40)),
    };
  }

  /** Counts over all processors and operations. */
  tally(): Tally {
    const words = [0, 0, 0, 0, 0];
    const values = Buffer.alloc(8 * COUNTER_WORDS * this.#processors);
    for (let operation = 0; operation < OPERATIONS; operation++) {
      this.#maps.tallies.lookup(u32(operation), values);
      for (let at = 0; at < values.length / 8; at++)
        words[at % COUNTER_WORDS] = (words[at % COUNTER_WORDS] as number) + Number(values.readBigUInt64LE(8 * at));
    }
    const [seen, decidedHere, sentUp, lost, refused] = words as [number, number, number, number, number];
    return { seen, decidedHere, sentUp, lost, refused };
  }

  /** Takes the pins away: what is attached stays so for as long as this process holds it. */
  unpin(): void {
    if (this.#pins !== undefined) rmSync(this.#pins, { recursive: true, force: true });
  }

  /** Detaches and unpins. */
  close(): void {
    this.unpin();
    this.#object.close();
  }
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

/** `struct decided_key` */
function decidedKey(key: Buffer): Buffer {
  return Buffer.concat([u32(SPACE), u32(0), key]);
}

/** `struct decided` */
function decided(on: boolean, next: number): Buffer {
  return Buffer.concat([u32(on ? VERDICT.on : VERDICT.off), u32(next), Buffer.alloc(8)]);
}

/** In which half of a key of `own` the kind of thing stands: `OWN_MAP` and `OWN_PROGRAM`. */
const OWN = { maps: 1, programs: 2 } as const;

/** Tells the kernel half which maps and programs are its own, so that nobody inside a namespace gets hold of them. */
function keepOwn(object: BpfObject): void {
  const own = object.map("own");
  const numbers = object.numbers();
  for (const kind of ["maps", "programs"] as const)
    for (const number of numbers[kind])
      if (!own.update(Buffer.concat([u32(number), u32(OWN[kind])]), u32(1)))
        throw new LinuxError(
          "bpf-unavailable",
          "the BPF programs cannot be kept from the workload: there are too many",
        );
}
