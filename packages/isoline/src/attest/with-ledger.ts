/** The ledger of this boot, held still while it is read and the TPM signs: no supervisor writes or extends meanwhile. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, readSync } from "node:fs";
import { AttestError } from "@isoline/attest/error";
import { framed, MOST_LEDGER, replayLedger, wholeRecords } from "@isoline/attest/register";
import { lock } from "@isoline/linux";
import { CliError } from "../error.ts";
import { ledgerPath } from "../register/ledger-file.ts";
import { NamingKey } from "../register/naming-key.ts";

/** Supervisors hold it for a record at a time. */
const PATIENCE_MS = 10_000;
const OTHERS = 0o077;
/** The first record is not longer. */
const MOST_BEGINNING = 4096;

/** `resetCount` is the TPM's. The ledger is undefined where no supervisor recorded anything in this boot. */
export async function withLedger<T>(
  directory: string,
  resetCount: number,
  work: (ledger: Uint8Array | undefined) => Promise<T>,
): Promise<T> {
  const path = ledgerPath(directory, resetCount);
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return work(undefined);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    assertFit(path, fd);
    if (!lock(fd, PATIENCE_MS))
      throw new AttestError(
        "tpm-unreachable",
        `${path} was locked by a supervisor for ${PATIENCE_MS / 1000} seconds; the TPM that it waits for does not answer`,
      );
    const bytes = readFileSync(fd);
    // Of a record that a supervisor had not written whole when it ended, nothing is in the TPM.
    return await work(Uint8Array.from(bytes.subarray(0, wholeRecords(bytes).bytes)));
  } finally {
    closeSync(fd);
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
    const [begin] = wholeRecords(beginning.subarray(0, length)).records;
    return begin && NamingKey.open(path, replayLedger(framed(begin)).begin.names);
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
