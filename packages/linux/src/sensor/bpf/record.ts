/**
 * One record of the BPF programs, read in place. The layout is that of `bpf/record.h`; `test/bpf/record-layout.test.ts` compares it
 * with the types that the compiled object carries.
 */
import type { Credentials } from "@isoline/core/event";
import { LinuxError } from "../../error.ts";
import type { Origin } from "../files/found.ts";

/** Offsets in bytes, by structure and member as the header has them. */
export const layout = {
  record: {
    size: 0,
    kind: 4,
    fate: 6,
    namespace_id: 8,
    pid: 12,
    tid: 16,
    threads: 20,
    process: 24,
    parent: 32,
    time: 40,
    key: 48,
    pending: 64,
    is_barred: 68,
    act: 72,
  },
  act: {
    operation: 0,
    identity: 4,
    ids: 8,
    capabilities: 40,
    arguments: 48,
    objects: 80,
    text_length: 84,
    outlook: 88,
    is_kept: 92,
    object: 96,
  },
  object: {
    inode: 0,
    size: 8,
    changed_seconds: 16,
    changed_nanoseconds: 24,
    device: 28,
    magic: 32,
    mode: 36,
    uid: 40,
    gid: 44,
    standing: 48,
    path_length: 52,
    place_length: 56,
    may_be_mapped: 60,
  },
  number: {
    number: 0,
    namespace: 4,
  },
} as const;

/** Sizes in bytes. */
export const sizes = { record: 296, act: 224, object: 64, number: 8 } as const;

export const kinds = { event: 1, image: 2, fork: 3, exec: 4, exit: 5 } as const;
export const fates = { wentOn: 0, held: 1, refused: 2, refusedUndecided: 3, refusedLate: 4 } as const;
export const operations = {
  exec: 1,
  open: 2,
  create: 3,
  map: 4,
  mapAnonymous: 5,
  protect: 6,
  unlink: 7,
  rmdir: 8,
  rename: 9,
  link: 10,
  symlink: 11,
  mkdir: 12,
  mknod: 13,
  truncate: 14,
  chmod: 15,
  chown: 16,
  setxattr: 17,
  removexattr: 18,
  utimens: 19,
  socket: 20,
  bind: 21,
  listen: 22,
  connect: 23,
  accept: 24,
  send: 25,
  kill: 26,
  ptrace: 27,
  setid: 28,
  capset: 29,
  prctl: 30,
  chroot: 31,
  pivot: 32,
  mount: 33,
  umount: 34,
  namespace: 35,
  bpf: 36,
  perf: 37,
  settime: 38,
  module: 39,
  iouring: 40,
  userfaultfd: 41,
  setflags: 42,
  ioctl: 43,
  sigio: 44,
  adjust: 45,
  admin: 46,
  kexec: 47,
  swap: 48,
  reboot: 49,
  keyctl: 50,
  hostname: 51,
  ioport: 52,
  abi: 53,
  fanotify: 54,
  fanotifyMark: 55,
  request: 56,
  /** Not an act of the namespace: only counted. */
  reached: 63,
} as const;
/** Bits that say which words of an exec the text holds. */
export const called = { script: 1, cut: 2, unreadable: 4, taken: 8, withWords: 16 } as const;
/** `WORDS_COUNT_SHIFT` */
export const wordsCountShift = 16;
/** Bits that say how an actor sees the system. */
export const outlooks = { otherRoot: 1, otherNumbers: 2, otherMounts: 4, otherNetwork: 8 } as const;
export const standings = { here: 0, removed: 1, outside: 2, tooLong: 3, placeless: 4, unresolved: 5 } as const;

/** Set in an identity number that the BPF programs gave to an exec before it was decided. */
export const PENDING = 0x8000_0000;

const MOST_OBJECTS = 2;
const KEY_BYTES = 16;
const CREDENTIALS_BYTES = 8 * 4 + 8;

/** An object as the kernel described it. */
export interface SeenObject {
  readonly inode: bigint;
  readonly size: bigint;
  readonly changedSeconds: bigint;
  readonly changedNanoseconds: number;
  readonly device: number;
  readonly magic: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly standing: number;
  /** Raw bytes, a copy. */
  readonly path: Buffer;
  /** The view in which its path holds, if not that of the namespace's launch. */
  readonly origin?: Origin;
  /**
   * The moment of the record (CLOCK_MONOTONIC, nanoseconds), if the namespace has mapped a file of an overlay for writing and this is
   * one: then the times and the size say how it was before it was written to.
   */
  readonly mayBeMappedAt?: bigint;
}

/** Finds out where a path holds that a task with another root, or with other mounts, has of an object. */
export interface Placing {
  /** `place`: the path of the object in its file system; empty if that is not known. */
  originOf(path: Buffer, device: number, place: Buffer): Origin | undefined;
}

/** The id of a process in a pid namespace, which is named by its inode number. */
export interface ProcessNumber {
  readonly number: number;
  readonly namespace: number;
}

/** The record that is being read; `at` moves it to the next. */
export class Record {
  /** Undefined where paths are as the task has them. */
  placing: Placing | undefined;
  #from: { readonly bytes: Buffer } = { bytes: Buffer.alloc(0) };
  #at = 0;
  #end = 0;
  readonly #key: Buffer = Buffer.alloc(KEY_BYTES);
  /** Eight ids and the capabilities, which follow each other. */
  readonly #lastIds: Buffer = Buffer.alloc(CREDENTIALS_BYTES);
  #lastCredentials: Credentials | undefined;

  /** Moves to a record of so many bytes; refuses one whose lengths do not fit. */
  at(from: { readonly bytes: Buffer }, offset: number, length: number): this {
    this.#from = from;
    this.#at = offset;
    this.#end = offset + length;
    if (length < sizes.record || this.size > length || this.size < sizes.record || this.objects > MOST_OBJECTS)
      throw malformed(length);
    if (this.textLength > this.size - sizes.record || this.#pathsLength(this.objects) > this.textLength)
      throw malformed(length);
    this.#end = offset + this.size;
    return this;
  }

  /** Asked for at each use: a ring that has been closed refuses. */
  get #bytes(): Buffer {
    return this.#from.bytes;
  }
  get size(): number {
    return this.#u32(layout.record.size);
  }
  get kind(): number {
    return this.#bytes.readUInt16LE(this.#at + layout.record.kind);
  }
  get fate(): number {
    return this.#bytes.readUInt16LE(this.#at + layout.record.fate);
  }
  get pid(): number {
    return this.#u32(layout.record.pid);
  }
  get tid(): number {
    return this.#u32(layout.record.tid);
  }
  get threads(): number {
    return this.#u32(layout.record.threads);
  }
  get process(): number {
    return Number(this.#bytes.readBigUInt64LE(this.#at + layout.record.process));
  }
  get parent(): number {
    return Number(this.#bytes.readBigUInt64LE(this.#at + layout.record.parent));
  }
  /** When it was made: CLOCK_MONOTONIC, nanoseconds. */
  get time(): bigint {
    return this.#bytes.readBigUInt64LE(this.#at + layout.record.time);
  }
  /** The key: 16 bytes that no other act has, in a buffer that the next key overwrites. */
  get key(): Buffer {
    const start = this.#at + layout.record.key;
    this.#bytes.copy(this.#key, 0, start, start + KEY_BYTES);
    return this.#key;
  }
  get pending(): number {
    return this.#u32(layout.record.pending);
  }
  /** The BPF programs refuse whatever the process does, since its birth. */
  get isBarred(): boolean {
    return this.#u32(layout.record.is_barred) !== 0;
  }
  get operation(): number {
    return this.#act(layout.act.operation);
  }
  get identity(): number {
    return this.#act(layout.act.identity);
  }
  get objects(): number {
    return this.#act(layout.act.objects);
  }
  get textLength(): number {
    return this.#act(layout.act.text_length);
  }

  /** `outlooks`, of the actor as it acted. */
  get outlook(): number {
    return this.#act(layout.act.outlook);
  }

  /** Of an act about a socket: the network that it is of, as an address in it says; "" for the one that the namespace began in. */
  get network(): string {
    return (this.outlook & outlooks.otherNetwork) === 0 ? "" : "unknown";
  }

  /** The target was a supervisor or a part of the sensor, and the act was refused. */
  get isKept(): boolean {
    return this.#act(layout.act.is_kept) !== 0;
  }

  /** Of a new process: its ids in its pid namespaces below the first one, in order, down to its own. */
  numbers(): readonly ProcessNumber[] {
    const text = this.text(0, this.textLength);
    return Array.from({ length: Math.floor(text.length / sizes.number) }, (_, index) => ({
      number: text.readUInt32LE(sizes.number * index + layout.number.number),
      namespace: text.readUInt32LE(sizes.number * index + layout.number.namespace),
    }));
  }

  /** The lower half of an argument. */
  argument(index: number): number {
    return this.#act(layout.act.arguments + 8 * index);
  }

  /** A whole argument. */
  wideArgument(index: number): bigint {
    return this.#bytes.readBigUInt64LE(this.#at + layout.record.act + layout.act.arguments + 8 * index);
  }

  /** The upper half of an argument. */
  upperArgument(index: number): number {
    return this.#act(layout.act.arguments + 8 * index + 4);
  }

  /** Returns the same object as the last time, if nothing differs. */
  credentials(): Credentials {
    const from = this.#at + layout.record.act + layout.act.ids;
    const to = this.#at + layout.record.act + layout.act.capabilities + 8;
    if (this.#lastCredentials !== undefined && this.#bytes.compare(this.#lastIds, 0, to - from, from, to) === 0)
      return this.#lastCredentials;
    this.#bytes.copy(this.#lastIds, 0, from, to);
    this.#lastCredentials = this.#readCredentials();
    return this.#lastCredentials;
  }

  #readCredentials(): Credentials {
    const id = (index: number) => this.#act(layout.act.ids + 4 * index);
    return {
      uid: id(0),
      euid: id(1),
      suid: id(2),
      fsuid: id(3),
      gid: id(4),
      egid: id(5),
      sgid: id(6),
      fsgid: id(7),
      capabilities: this.#bytes.readBigUInt64LE(this.#at + layout.record.act + layout.act.capabilities),
    };
  }

  object(index: number): SeenObject {
    const at = this.#object(index);
    const { object } = layout;
    const [start, length] = [this.#pathsLength(index), this.#pathLength(index)];
    const path = this.text(start, length);
    const device = this.#bytes.readUInt32LE(at + object.device);
    const sees = (this.outlook & (outlooks.otherRoot | outlooks.otherMounts)) === 0;
    const place = this.text(start + length, this.#placeLength(index));
    const origin = sees ? undefined : this.placing?.originOf(path, device, place);
    return {
      inode: this.#bytes.readBigUInt64LE(at + object.inode),
      size: this.#bytes.readBigUInt64LE(at + object.size),
      changedSeconds: this.#bytes.readBigInt64LE(at + object.changed_seconds),
      changedNanoseconds: this.#bytes.readUInt32LE(at + object.changed_nanoseconds),
      device,
      magic: this.#bytes.readUInt32LE(at + object.magic),
      mode: this.#bytes.readUInt32LE(at + object.mode),
      uid: this.#bytes.readUInt32LE(at + object.uid),
      gid: this.#bytes.readUInt32LE(at + object.gid),
      standing: this.#bytes.readUInt32LE(at + object.standing),
      path,
      ...(origin && { origin }),
      ...(this.#bytes.readUInt32LE(at + object.may_be_mapped) !== 0 && { mayBeMappedAt: this.time }),
    };
  }

  /** A copy of the text after the paths of the objects. */
  get rest(): Buffer {
    const start = this.#pathsLength(this.objects);
    return this.text(start, this.textLength - start);
  }

  /** Bytes of the text, a copy. */
  text(start: number, length: number): Buffer {
    const from = this.#at + sizes.record + start;
    if (start + length > this.textLength || from + length > this.#end) throw malformed(this.size);
    const copy = Buffer.allocUnsafe(length);
    this.#bytes.copy(copy, 0, from, from + length);
    return copy;
  }

  #object(index: number): number {
    return this.#at + layout.record.act + layout.act.object + sizes.object * index;
  }

  /** The length of the paths and places of the first objects together. */
  #pathsLength(count: number): number {
    let sum = 0;
    for (let index = 0; index < count; index++) sum += this.#pathLength(index) + this.#placeLength(index);
    return sum;
  }

  #pathLength(index: number): number {
    return this.#bytes.readUInt32LE(this.#object(index) + layout.object.path_length);
  }

  #placeLength(index: number): number {
    return this.#bytes.readUInt32LE(this.#object(index) + layout.object.place_length);
  }

  #u32(offset: number): number {
    return this.#bytes.readUInt32LE(this.#at + offset);
  }

  #act(offset: number): number {
    return this.#u32(layout.record.act + offset);
  }
}

function malformed(length: number): LinuxError {
  return new LinuxError(
    "sensor-lost",
    `a record of ${length} bytes from the BPF programs are not one of this version; was the BPF object built from other sources?`,
  );
}
