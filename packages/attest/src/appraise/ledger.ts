/** The ledger of a node: it must lead to the births' register, belong to this boot, and go on from what was accepted. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { EvidenceReading } from "../evidence/index.ts";
import {
  framed,
  isAboutBirths,
  type Ledger,
  LedgerReplay,
  type LedgerRecord,
  recordsIn,
  standingOf,
} from "../register/index.ts";
import type { Accepted } from "./accepted.ts";
import { broken, equivocates, incomplete } from "./findings.ts";
import type { Policy } from "./policy.ts";
import { nothingProven, type ReplayedLedger } from "./proven.ts";
import type { Question } from "./question.ts";
import type { ProvenRegisters } from "./quote.ts";

export interface LedgerFacts {
  readonly ledger: Ledger;
  readonly records: readonly LedgerRecord[];
  /** Whether the births' register has the last record that is for it. What was only written proves nothing of the node's past. */
  readonly isExtended: boolean;
  /** To be kept of accepted evidence: what the births' register vouches for. Undefined where that is not even the first record. */
  readonly vouched: Accepted["ledger"];
}

export function appraiseLedger(
  reading: EvidenceReading,
  proven: ProvenRegisters | "none",
  policy: Policy,
  { last, proven: facts = nothingProven }: Question,
  warn: (why: string) => void,
): LedgerFacts | undefined {
  const file = reading.evidence.ledger;
  if (file === undefined || proven === "none") {
    const wasThere =
      last?.ledger !== undefined && proven !== "none" && last.clock?.resetCount === proven.clock.resetCount;
    if (policy.ledger === "required" || wasThere)
      throw incomplete("the ledger of this boot", "none", "start canisters with a TPM, so that there is one");
    return undefined;
  }
  const anew = () => replayed(file);
  const { ledger, records, vouched, before } = facts.replayed?.(file, anew) ?? anew();
  assertOfThisBoot(ledger, proven, policy);
  const quoted = proven.registers.get(ledger.begin.pcr);
  if (quoted === undefined)
    throw broken(`a quote over register ${ledger.begin.pcr}, which has the births`, "one without it", "have it quoted");
  const standing = standingOf(quoted, ledger.births);
  if (standing === undefined)
    throw broken(
      "the ledger to lead to the births' register",
      "another value in the TPM",
      "the ledger was cut or changed: distrust this boot",
    );
  if (standing === "behind") warn("the last record was written and not extended: a supervisor ended in between");
  const accepted = last?.clock?.resetCount === proven.clock.resetCount ? last.ledger : undefined;
  if (accepted !== undefined) assertGoesOn(file, vouched, ledger, accepted);
  const isExtended = standing === "current";
  const now = isExtended ? vouched : beginningOf(file, before);
  return { ledger, records, isExtended, vouched: accepted && accepted.bytes > (now?.bytes ?? 0) ? accepted : now };
}

function replayed(file: Uint8Array): ReplayedLedger {
  const replay = new LedgerReplay();
  const records: LedgerRecord[] = [];
  let [bytes, end, before] = [0, 0, 0];
  for (const encoded of recordsIn(file)) {
    const record = replay.add(encoded);
    records.push(record);
    bytes += framed(encoded).length;
    if (isAboutBirths(record)) [before, end] = [end, bytes];
  }
  return { ledger: replay.ledger(), records, vouched: beginningOf(file, end), before };
}

/** So many bytes of a ledger, and their SHA-256; undefined for none. */
function beginningOf(file: Uint8Array, bytes: number): Accepted["ledger"] {
  return bytes === 0 ? undefined : { bytes, digest: bytesToHex(sha256(file.subarray(0, bytes))) };
}

/**
 * A ledger that was begun twice in one boot begins from another value, or in another register. So it must begin where the policy says, and
 * from zeros. The firmware's log explains no other beginning: nothing vouches for what it says of registers 8 to 15, so root could write
 * into it what leads to the value that the first ledger left.
 */
function assertOfThisBoot({ begin }: Ledger, { clock }: ProvenRegisters, { births }: Policy): void {
  if (begin.resetCount !== clock.resetCount)
    throw broken(
      `a ledger of reset ${clock.resetCount}`,
      `one of reset ${begin.resetCount}`,
      "ask for that of this boot",
    );
  if (begin.pcr !== births)
    throw broken(
      `a ledger with its births in register ${births}`,
      `one with them in register ${begin.pcr}`,
      `one in register ${births} may have been thrown away: name the node's register as births in the policy, or distrust this boot`,
    );
  if (!begin.from.every((byte) => byte === 0))
    throw equivocates(
      `a ledger that begins from register ${births} before anything was extended into it`,
      "one that begins from another value",
      "something was extended there before, as by an earlier ledger of this boot: boot the node anew, or use another register",
    );
}

function assertGoesOn(
  file: Uint8Array,
  vouched: Accepted["ledger"],
  { length }: Ledger,
  { bytes, digest }: NonNullable<Accepted["ledger"]>,
): void {
  const beginning = vouched?.bytes === bytes ? vouched : beginningOf(file, bytes);
  if (file.length < bytes || beginning?.digest !== digest)
    throw equivocates(
      `a ledger that begins with the ${bytes} bytes that were accepted`,
      `one of ${length} records that does not`,
      "the node told two stories of one boot: distrust it",
    );
}
