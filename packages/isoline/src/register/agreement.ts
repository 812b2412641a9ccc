/** That ledger and TPM are of each other, and hold the same: what they do not is refused, with the next step. */
import { lstatSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { AttestError } from "@isoline/attest/error";
import { isRegisterThere, readRegister, undefineRegister } from "@isoline/attest/birth";
import {
  type BornRegister,
  type ExpectedValue,
  lossOfSupervisor,
  type RegisterFacts,
  standingOf,
} from "@isoline/attest/register";
import { commands, type Tpm } from "@isoline/attest/tpm";
import { ofRoot } from "../store/host-directory.ts";
import type { LedgerFile } from "./ledger-file.ts";

/** How often the TPM was reset and restarted. */
export async function clockOf(tpm: Tpm): Promise<{ readonly resetCount: number; readonly restartCount: number }> {
  return (await tpm.run(commands.readClock, {})).time.clockInfo;
}

/**
 * To be called before anything is extended. A supervisor may outlive a reset of the TPM. What it tells would be in no register of its own
 * any more, and its end in the births' register of the next ledger, which would fit the TPM no longer.
 */
export async function assertNotReset(tpm: Tpm, { path }: LedgerFile, expected: number | undefined): Promise<void> {
  const { resetCount } = await clockOf(tpm);
  if (resetCount === expected) return;
  throw new AttestError(
    "bad-ledger",
    `${path} is of reset ${expected} of the TPM, which is at reset ${resetCount}: nothing more is recorded there; start the workload anew`,
  );
}

/** A ledger that begins from another value is refused by every verifier, and an earlier one of this boot would fit the TPM no longer. */
export function assertUnused(pcr: number, value: Uint8Array, path: string, former = ofRoot("ledger")): void {
  if (value.every((byte) => byte === 0)) return;
  if (isOwn(join(former, basename(path))) && former !== dirname(path))
    throw new AttestError(
      "bad-ledger",
      `${path}: expected PCR ${pcr} to hold zeros where a ledger begins, and it holds ${hex(value).slice(0, 16)}…; your ledger of this boot ` +
        `lies in ${former}, where an isoline before kept it: add --tpm-ledger ${former}, until the machine is restarted`,
    );
  throw new AttestError(
    "bad-ledger",
    `${path}: expected PCR ${pcr} to hold zeros where a ledger begins, and it holds ${hex(value).slice(0, 16)}…; if another user of this ` +
      "machine records there, do it as that user; else restart the machine, or name another --tpm-pcr",
  );
}

/** Whether a file is there, and this user's. What another user's directory hides is not. */
function isOwn(path: string): boolean {
  try {
    return lstatSync(path).uid === process.geteuid?.();
  } catch {
    return false;
  }
}

export function standing(
  file: LedgerFile,
  what: string,
  found: Uint8Array,
  expected: ExpectedValue,
): "current" | "behind" {
  const stands = standingOf(found, expected);
  if (stands !== undefined) return stands;
  throw new AttestError(
    "bad-ledger",
    `${file.path} does not fit the TPM: ${what} should hold ${hex(expected.value).slice(0, 16)}…, and holds ${hex(found).slice(0, 16)}…; ` +
      "something else extended it, or the ledger was changed: restart the machine, and find out which",
  );
}

/** Whether the TPM has a register, and in it what the records say. */
export async function isHeldBy(tpm: Tpm, register: RegisterFacts): Promise<boolean> {
  if (!(await isRegisterThere(tpm, register))) return false;
  const value = await readRegister(tpm, register.index);
  return value !== undefined && standingOf(value, register) === "current";
}

/** Removes a register that has ended. Another run may have its index, where it was removed before and the answer of that was lost. */
export async function removeOwn(tpm: Tpm, register: RegisterFacts): Promise<void> {
  if (!register.isShared && (await isRegisterThere(tpm, register))) await undefineRegister(tpm, register.index);
}

/**
 * Removes a register that was defined for a birth which was not recorded, if that very one is at its index. A TPM that does not answer
 * keeps it until the next ledger begins: the fault that keeps the birth from being recorded is the one to be told.
 */
export async function giveBack(tpm: Tpm, born: BornRegister): Promise<void> {
  try {
    if (await isRegisterThere(tpm, born)) await undefineRegister(tpm, born.index);
  } catch (fault) {
    if (!(fault instanceof AttestError)) throw fault;
  }
}

/** A supervisor must not write behind what closed its run: no program would read the ledger any more. */
export function assertOpen(file: LedgerFile, birth: number): void {
  const facts = file.ledger.namespace(birth);
  if (facts !== undefined && facts.end === undefined && lossOfSupervisor(facts) === undefined) return;
  throw new AttestError(
    "bad-ledger",
    `${file.path} says that the run born in record ${birth} is over, and its supervisor goes on: another program closed it; find out which`,
  );
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
