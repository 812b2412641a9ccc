/** The ledger of a node: it must lead to the births' register, belong to this boot, and go on from what was accepted. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { parseBootLog, replayBootLog } from "../boot/index.ts";
import { equal } from "../cbor/index.ts";
import type { Evidence } from "../evidence/index.ts";
import { type Ledger, LedgerReplay, type LedgerRecord, recordsIn, standingOf } from "../register/index.ts";
import type { Accepted } from "./accepted.ts";
import { broken, equivocates, incomplete } from "./findings.ts";
import type { Policy } from "./policy.ts";
import type { ProvenRegisters } from "./quote.ts";

export interface LedgerFacts {
  readonly ledger: Ledger;
  readonly records: readonly LedgerRecord[];
  /** For what is kept of accepted evidence. */
  readonly bytes: number;
  readonly digest: string;
}

export function appraiseLedger(
  { ledger: file, bootLog }: Evidence,
  proven: ProvenRegisters | "none",
  policy: Policy,
  last: Accepted | undefined,
  warn: (why: string) => void,
): LedgerFacts | undefined {
  if (file === undefined || proven === "none") {
    const wasThere =
      last?.ledger !== undefined && proven !== "none" && last.clock?.resetCount === proven.clock.resetCount;
    if (policy.ledger === "required" || wasThere)
      throw incomplete("the ledger of this boot", "none", "start canisters with a TPM, so that there is one");
    return undefined;
  }
  const replay = new LedgerReplay();
  const records = Array.from(recordsIn(file), (encoded) => replay.add(encoded));
  const ledger = replay.ledger();
  assertOfThisBoot(ledger, proven, bootLog);
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
  assertGoesOn(file, ledger, proven, last);
  return { ledger, records, bytes: file.length, digest: bytesToHex(sha256(file)) };
}

/** A ledger that was begun twice in one boot begins from a value that the firmware's log does not explain. */
function assertOfThisBoot({ begin }: Ledger, { clock }: ProvenRegisters, bootLog: Uint8Array | undefined): void {
  if (begin.resetCount !== clock.resetCount)
    throw broken(
      `a ledger of reset ${clock.resetCount}`,
      `one of reset ${begin.resetCount}`,
      "ask for that of this boot",
    );
  const zeros = new Uint8Array(32);
  const before =
    bootLog === undefined ? zeros : (replayBootLog(parseBootLog(bootLog), "sha256").get(begin.pcr) ?? zeros);
  if (!equal(begin.from, before))
    throw equivocates(
      `a ledger that begins from register ${begin.pcr} as the boot left it`,
      "one that begins from another value",
      "something was extended there before, as by an earlier ledger of this boot: boot the node anew",
    );
}

function assertGoesOn(
  file: Uint8Array,
  { length }: Ledger,
  { clock }: ProvenRegisters,
  last: Accepted | undefined,
): void {
  if (last?.ledger === undefined || last.clock?.resetCount !== clock.resetCount) return;
  const { bytes, digest } = last.ledger;
  if (file.length < bytes || bytesToHex(sha256(file.subarray(0, bytes))) !== digest)
    throw equivocates(
      `a ledger that begins with the ${bytes} bytes that were accepted`,
      `one of ${length} records that does not`,
      "the node told two stories of one boot: distrust it",
    );
}
