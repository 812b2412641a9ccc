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
import { AttestError } from "@isoline/attest/error";
import { framed, LedgerReplay, type LedgerRecord, MOST_LEDGER, wholeRecords } from "@isoline/attest/register";
import { lock, unlock } from "@isoline/linux";
import { CliError } from "../error.ts";
import { assertOwn, assertOwnFile } from "./own-place.ts";

const BOOT_ID = "/proc/sys/kernel/random/boot_id";

/** The ledger of this boot of the machine, and of the TPM, which has counted so many resets. */
export function ledgerPath(directory: string, resetCount: number): string {
  return join(directory, `${readFileSync(BOOT_ID, "latin1").trim()}-${resetCount}.ledger`);
}

export class LedgerFile {
  readonly path: string;
  readonly #fd: number;
  readonly #replay = new LedgerReplay();
  /** Bytes of the file that were replayed. */
  #read = 0;

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /** Opens or makes the ledger of a boot. Refuses one that another user could write, with `unsafe-place`. */
  static open(directory: string, resetCount: number): LedgerFile {
    const path = ledgerPath(directory, resetCount);
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      // The directory's entry must reach the disk too.
      assertOwn(directory, fsyncSync);
      const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
      assertOwnFile(path, fd);
      return new LedgerFile(path, fd);
    } catch (fault) {
      if (fault instanceof CliError) throw fault;
      throw new CliError("cannot-write", `${path}: ${(fault as Error).message}; the ledger of the TPM has to be there`);
    }
  }

  /** Does work while no other supervisor writes or extends. Throws if the others take longer than this. */
  async locked<T>(patienceMs: number, work: () => Promise<T>): Promise<T> {
    if (!lock(this.#fd, patienceMs))
      throw new AttestError(
        "tpm-unreachable",
        `${this.path} was locked by another supervisor for ${patienceMs / 1000} seconds; the TPM that it waits for does not answer`,
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
   * while it wrote. It is cut off. Only under the lock.
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
    if (bytes < more.length) ftruncateSync(this.#fd, this.#read);
  }

  /** Adds one record. Only under the lock, after `catchUp`. */
  append(encoded: Uint8Array): LedgerRecord {
    const bytes = framed(encoded);
    if (this.#read + bytes.length > MOST_LEDGER)
      throw new AttestError("bad-ledger", `${this.path} is full; restart the machine, which begins another one`);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at, bytes.length - at, this.#read + at);
      if (this.#read === 0) fsyncSync(this.#fd);
      else fdatasyncSync(this.#fd);
    } catch (fault) {
      ftruncateSync(this.#fd, this.#read);
      throw new CliError("cannot-write", `${this.path}: ${(fault as Error).message}; make room for it`);
    }
    this.#read += bytes.length;
    return this.#replay.add(encoded);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
