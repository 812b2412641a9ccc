/**
 * A ledger on disk. Records are only appended, by the supervisor that has the lock, and have reached the disk when `append` returns.
 */
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { AttestError } from "@isoline/attest/error";
import {
  framed,
  type Ledger,
  LedgerReplay,
  type LedgerRecord,
  MOST_LEDGER,
  wholeRecords,
} from "@isoline/attest/register";
import { lock, unlock } from "@isoline/linux";
import { CliError } from "../error.ts";
import { assertOwn, assertOwnFile } from "./own-place.ts";

/** What is replayed under the lock at most, if no supervisor is faster than this one: some hundreds of records, for some milliseconds. */
const AHEAD_BYTES = 128 * 1024;
const BOOT_ID = "/proc/sys/kernel/random/boot_id";

/** The ledger of this boot of the machine, and of the TPM, which has counted so many resets. */
export function ledgerPath(directory: string, resetCount: number): string {
  return join(directory, `${readFileSync(BOOT_ID, "latin1").trim()}-${resetCount}.ledger`);
}

export class LedgerFile {
  readonly path: string;
  readonly #fd: number;
  /** Where records are appended: the same file, opened for that once there is one where it was opened for reading. */
  #out: number | undefined;
  readonly #replay = new LedgerReplay();
  /** Bytes of the file that were replayed. */
  #read = 0;

  private constructor(path: string, fd: number, out?: number) {
    this.path = path;
    this.#fd = fd;
    this.#out = out;
  }

  /** Opens or makes the ledger of a boot. Refuses one that another user could write, with `unsafe-place`. */
  static open(directory: string, resetCount: number): LedgerFile {
    const path = ledgerPath(directory, resetCount);
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      // The directory's entry must reach the disk too.
      assertOwn(directory, fsyncSync);
      const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
      return new LedgerFile(path, ownOrClosed(path, fd), fd);
    } catch (fault) {
      if (fault instanceof CliError) throw fault;
      throw new CliError("cannot-write", `${path}: ${(fault as Error).message}; the ledger of the TPM has to be there`);
    }
  }

  /**
   * Opens the ledger of a boot that is there. Its disk need not take anything: only a record that is appended opens it for writing. Refuses
   * one that another user could write, with `unsafe-place`.
   */
  static reading(directory: string, resetCount: number): LedgerFile {
    const path = ledgerPath(directory, resetCount);
    try {
      assertOwn(directory);
      const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
      return new LedgerFile(path, ownOrClosed(path, fd));
    } catch (fault) {
      if (fault instanceof CliError) throw fault;
      throw new CliError(
        "cannot-read",
        `${path}: ${(fault as Error).message}; expected the ledger of this boot, so see to its disk`,
      );
    }
  }

  /**
   * Replays what has come, but for the last records, without the lock: others need not wait for that, however long the ledger is. The very
   * last one may still be taken back by its writer, where the disk did not take it; those before it have successors.
   */
  async catchUpAhead(): Promise<void> {
    const piece = Buffer.alloc(AHEAD_BYTES);
    while (fstatSync(this.#fd).size - this.#read > AHEAD_BYTES) {
      const length = readSync(this.#fd, piece, 0, piece.length, this.#read);
      const records = wholeRecords(piece.subarray(0, length)).records;
      if (records.length === 0) return;
      for (const record of records) {
        // The piece is used again, and a replay keeps parts of its records.
        this.#replay.add(Uint8Array.from(record));
        this.#read += framed(record).length;
      }
      await setImmediate();
    }
  }

  /**
   * Does work with the file as it is while no supervisor writes or extends. The ledger is undefined if nothing is recorded. Of a record
   * that a supervisor had not written whole when it ended, nothing is in the TPM, and nothing in the bytes.
   */
  async still<T>(patienceMs: number, work: (bytes: Uint8Array, ledger: Ledger | undefined) => Promise<T>): Promise<T> {
    const ahead = Math.min(fstatSync(this.#fd).size, MOST_LEDGER);
    const room = Buffer.alloc(ahead + AHEAD_BYTES);
    const before = this.#read;
    readSync(this.#fd, room, 0, before, 0);
    return this.locked(patienceMs, async () => {
      this.catchUp();
      const whole = this.#read <= room.length ? room : Buffer.concat([room], this.#read);
      readSync(this.#fd, whole, before, this.#read - before, before);
      const bytes = new Uint8Array(whole.buffer, whole.byteOffset, this.#read);
      return work(bytes, this.#replay.length === 0 ? undefined : this.#replay.ledger());
    });
  }

  /** Does work while no other supervisor writes or extends. Throws if the others take longer than this. */
  async locked<T>(patienceMs: number, work: () => Promise<T>): Promise<T> {
    if (!lock(this.#fd, patienceMs))
      throw new AttestError(
        "tpm-unreachable",
        `${this.path} was locked for ${patienceMs / 1000} seconds, by another supervisor or by evidence that is being made (the agent's loop, ` +
          "isoline attest evidence): the TPM that it waits for does not answer, or is slow; see whether it answers, then try again",
      );
    try {
      return await work();
    } finally {
      unlock(this.#fd);
    }
  }

  /** Whether its path still leads to it. */
  get isInPlace(): boolean {
    const { dev, ino } = fstatSync(this.#fd);
    const found = statSync(this.path, { throwIfNoEntry: false });
    return found?.dev === dev && found.ino === ino;
  }

  /** What was replayed so far. */
  get ledger(): Omit<LedgerReplay, "add" | "ledger"> {
    return this.#replay;
  }

  /**
   * Takes in what other supervisors have written. A record of which only the beginning is there was never extended: a supervisor ended
   * while it wrote. It counts as not there, and the next record takes its place. Only under the lock.
   */
  catchUp(): void {
    const { size } = fstatSync(this.#fd);
    if (size === this.#read) return;
    if (size < this.#read || size > MOST_LEDGER)
      throw new AttestError(
        "bad-ledger",
        `${this.path} has ${size} bytes, and had ${this.#read}: it was cut; distrust it`,
      );
    const more = Buffer.alloc(size - this.#read);
    readSync(this.#fd, more, 0, more.length, this.#read);
    const { records, bytes } = wholeRecords(more);
    for (const record of records) this.#replay.add(record);
    this.#read += bytes;
  }

  /** Adds one record. Only under the lock, after `catchUp`. */
  append(encoded: Uint8Array): LedgerRecord {
    const bytes = framed(encoded);
    if (this.#read + bytes.length > MOST_LEDGER)
      throw new AttestError("bad-ledger", `${this.path} is full; restart the machine, which begins another one`);
    const out = this.#writable();
    try {
      // What is behind the last whole record is half of one.
      if (fstatSync(out).size > this.#read) ftruncateSync(out, this.#read);
      for (let at = 0; at < bytes.length; ) at += writeSync(out, bytes, at, bytes.length - at, this.#read + at);
      if (this.#read === 0) fsyncSync(out);
      else fdatasyncSync(out);
    } catch (fault) {
      ftruncateSync(out, this.#read);
      throw new CliError("cannot-write", `${this.path}: ${(fault as Error).message}; make room for it`);
    }
    this.#read += bytes.length;
    return this.#replay.add(encoded);
  }

  #writable(): number {
    if (this.#out !== undefined) return this.#out;
    try {
      // By its descriptor, so that it is the file that is locked, whatever lies at its path by now.
      this.#out = openSync(`/proc/self/fd/${this.#fd}`, constants.O_RDWR);
      return this.#out;
    } catch (fault) {
      throw new CliError("cannot-write", `${this.path}: ${(fault as Error).message}; see to the disk of the ledgers`);
    }
  }

  close(): void {
    if (this.#out !== undefined && this.#out !== this.#fd) closeSync(this.#out);
    closeSync(this.#fd);
  }
}

function ownOrClosed(path: string, fd: number): number {
  try {
    assertOwnFile(path, fd);
    return fd;
  } catch (fault) {
    closeSync(fd);
    throw fault;
  }
}
