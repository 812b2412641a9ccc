/**
 * The bytes by which a repeated act is recognised once its object is found, before anything is levelled, described or hashed.
 *
 * A key holds everything that the identity depends on: operation, task identity and credentials (by small number), the values
 * of the arguments, the object's current attributes and its canonical path; and, if content counts, the file's version. A value
 * that is not in the key must not be able to change the identity.
 */
import type { Stat } from "../../../abi/stat.ts";
import type { Found, Standing } from "../../files/found.ts";
import type { Thread } from "../tasks/process.ts";

const STANDINGS: readonly Standing[] = ["here", "removed", "outside"];

/** Part of the key beside the fields of the actor. */
const HAS_ORIGIN = 0x80;

/** Two canonical paths, the directories that they belong to, escaped, and the fixed part. */
const CAPACITY = 65_536;

export class RawKey {
  readonly bytes: Buffer = Buffer.alloc(CAPACITY);
  #end = 0;
  #thread: Thread | undefined;

  get length(): number {
    return this.#end;
  }

  /** Starts a key for a call of `thread`: operation number, task identity, credentials. */
  begin(operation: number, thread: Thread): this {
    this.bytes[0] = operation;
    this.bytes.writeUInt32LE(thread.process.identity.serial, 1);
    this.bytes.writeUInt32LE(thread.credentialsSerial, 5);
    this.#end = 9;
    this.#thread = thread;
    return this;
  }

  u32(value: number): this {
    this.#end = this.bytes.writeUInt32LE(value >>> 0, this.#end);
    return this;
  }

  /** An object's owner, mode and file system, and its canonical path with its length and whether the path still leads to it. */
  object({ stat, path, standing, origin }: Found): this {
    stat.bytes.copy(this.bytes, this.#end, 20, 30); // stx_uid, stx_gid, stx_mode
    stat.bytes.copy(this.bytes, this.#end + 10, 136, 152); // stx_dev, stx_mnt_id
    this.bytes[this.#end + 26] = STANDINGS.indexOf(standing) | (origin === undefined ? 0 : HAS_ORIGIN);
    this.#end += 27;
    // The meaning of a file below /proc/PID depends on whose it is: the actor's own, its parent's, another process's.
    if (isOfSomeProcess(path) && this.#thread) this.u32(this.#thread.process.handle).u32(this.#thread.tid);
    // The same path in another root or mount namespace, with its place in the view of the launch.
    if (origin !== undefined) this.u32(origin.rest).text(Buffer.from(origin.directory));
    return this.text(path);
  }

  /** A value that changes whenever a file's content may have changed. */
  version(stat: Stat): this {
    this.#end = stat.putVersion(this.bytes, this.#end);
    return this;
  }

  /** Text with its length in bytes; it must fit. */
  string(text: string): this {
    const length = this.bytes.write(text, this.#end + 4, "utf8");
    this.#end = this.bytes.writeUInt32LE(length, this.#end) + length;
    return this;
  }

  /** Bytes with their length, so that no two keys run into each other. */
  text(bytes: Uint8Array): this {
    this.bytes.writeUInt32LE(bytes.length, this.#end);
    this.bytes.set(bytes, this.#end + 4);
    this.#end += 4 + bytes.length;
    return this;
  }
}

const PROC = Buffer.from("/proc/");

/** Whether a path belongs to a process in /proc, by its number. */
function isOfSomeProcess(path: Buffer): boolean {
  const digit = path[PROC.length] ?? 0;
  return digit >= 0x30 && digit <= 0x39 && path.compare(PROC, 0, PROC.length, 0, PROC.length) === 0;
}
