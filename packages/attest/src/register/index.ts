/** Registers that root cannot reset, rewind or forge, and the ledger of what was extended into them. */
export { type BornRegister, FIRST_INDEX, LAST_INDEX, registerIn } from "./area.ts";
export { lastHeardOf, lossOfSupervisor, lostSupervisor } from "./lost.ts";
export { isProofOf, labelStatement, nameBy, NAMING_BYTES } from "./naming.ts";
export {
  encodeRecord,
  extensionOf,
  firstRecord,
  framed,
  type LedgerRecord,
  MOST_LABEL,
  MOST_LEDGER,
  MOST_REASON,
  type RecordKind,
  type RecordOf,
  recordShapes,
  recordsIn,
  wholeRecords,
} from "./record.ts";
export {
  type ExpectedValue,
  isAboutBirths,
  type Ledger,
  LedgerReplay,
  type NamespaceFacts,
  type Recorded,
  type RegisterFacts,
  replayLedger,
  standingOf,
} from "./replay.ts";
