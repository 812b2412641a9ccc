/**
 * The ledger of this boot, for evidence: replayed before it is locked, from where the evidence before this one had come to, and held still
 * only while what was added is read and the TPM signs. No supervisor writes or extends meanwhile: births and departures wait for it.
 * Nothing is written for that: a node whose disk takes nothing any more makes evidence.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from "node:fs";
import { AttestError } from "@isoline/attest/error";
import { firstRecord, type Ledger, MOST_LEDGER, replayLedger } from "@isoline/attest/register";
import { CliError } from "../error.ts";
import { LedgerFile, ledgerPath } from "../register/ledger-file.ts";
import { NamingKey } from "../register/naming-key.ts";

/** Supervisors hold it for a record at a time. */
const PATIENCE_MS = 10_000;
const OTHERS = 0o077;
/** The first record is not longer. */
const MOST_BEGINNING = 4096;

export class KeptLedger {
  #file: LedgerFile | undefined;
  #last: { readonly bytes: Uint8Array; readonly ledger: Ledger } | undefined;

  /** The file, replayed but for its last records; undefined where no supervisor made one. `resetCount` is the TPM's. */
  async fileOf(directory: string, resetCount: number): Promise<LedgerFile | undefined> {
    const path = ledgerPath(directory, resetCount);
    if (this.#file?.path !== path || !this.#file.isInPlace) this.close();
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
    this.#file ??= LedgerFile.reading(directory, resetCount);
    const file = this.#file;
    try {
      await file.catchUpAhead();
      return file;
    } catch (fault) {
      this.close();
      throw fault;
    }
  }

  /** Does work while the ledger stands still. It is undefined where no supervisor recorded anything in this boot. */
  async still<T>(
    directory: string,
    resetCount: number,
    work: (bytes?: Uint8Array, ledger?: Ledger) => Promise<T>,
  ): Promise<T> {
    const file = await this.fileOf(directory, resetCount);
    if (file === undefined) return work();
    try {
      return await file.still(PATIENCE_MS, async (bytes, ledger) => {
        if (ledger === undefined) return work();
        this.#last = { bytes, ledger };
        return work(bytes, ledger);
      });
    } catch (fault) {
      // A replay that refused something is of no use any more.
      this.close();
      throw fault;
    }
  }

  /** What the bytes of a ledger say. Those that were read here last are not replayed again, and are let go of. */
  replayed(bytes: Uint8Array): Ledger {
    const last = this.#last;
    this.#last = undefined;
    return last?.bytes === bytes ? last.ledger : replayLedger(bytes);
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
    this.#last = undefined;
  }
}

/** The key that names namespaces in this ledger; undefined where no supervisor recorded anything in this boot. */
export function namingIn(directory: string, resetCount: number): NamingKey | undefined {
  const path = ledgerPath(directory, resetCount);
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    assertFit(path, fd);
    const beginning = Buffer.alloc(MOST_BEGINNING);
    const length = readSync(fd, beginning, 0, beginning.length, 0);
    const begin = firstRecord(beginning.subarray(0, length));
    return begin?.kind === "begin" ? NamingKey.open(path, begin.names) : undefined;
  } finally {
    closeSync(fd);
  }
}

function assertFit(path: string, fd: number): void {
  const { uid, mode, size } = fstatSync(fd);
  if ((uid !== 0 && uid !== process.geteuid?.()) || (mode & OTHERS) !== 0)
    throw new CliError(
      "unsafe-place",
      `${path}: expected a ledger of root's or yours that is closed to others; correct its owner or mode`,
    );
  if (size > MOST_LEDGER)
    throw new AttestError("bad-ledger", `${path}: expected at most ${MOST_LEDGER} bytes, got ${size}; it is no ledger`);
}
