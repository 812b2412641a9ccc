/** Appraisal: what evidence proves, and what it does not. Pure, and free of Node's modules. */
export { type Accepted, isBehind, readAccepted, writeAccepted } from "./accepted.ts";
export { type Appraisal, appraise, type Appraised, type AppraisedCanister } from "./appraise.ts";
export { type BegunBy, begunIn, isBegun } from "./begun.ts";
export { FIRST_RESETTABLE, type EventRule } from "./event-rules.ts";
export { ContourFile, type ContourFor } from "./contour-file.ts";
export { type EarAlgorithm, type EarOrder, endOfResult, signEar, verifyEar } from "./ear.ts";
export { type EpochOrder, type RevocationEpoch, signEpoch, verifyEpoch } from "./epoch.ts";
export {
  type Check,
  type CheckName,
  checks,
  type FailureClass,
  failureClasses,
  type Status,
  worst,
} from "./findings.ts";
export { type MachineProof, provenMachine } from "./machine.ts";
export type { MachineRules } from "./machine-rules.ts";
export { collateralIn, makersIn, revocationsIn, rootsAmong } from "./machine-files.ts";
export type { Ending } from "./past.ts";
export { type Policy, POLICY_TYPE, type Root, QUOTED_REGISTERS, readPolicy } from "./policy.ts";
export type { MachineNode, MachineTrust, Question, Trust } from "./question.ts";
export {
  type Fact,
  type FactName,
  nothingProven,
  type ProvenFacts,
  type ProvenImaLists,
  type ReplayedLedger,
} from "./proven.ts";
export {
  appraiseQuote,
  assertAttestationKey,
  type ProvenRegisters,
  type QuoteAnswer,
  type QuoteClock,
  type QuoteQuestion,
  signedQuote,
} from "./quote.ts";
export { BOOT_REGISTERS, type QuotedBoot, quotedBoot, quotedEvents } from "./quoted-boot.ts";
export { readReferences, type References, REFERENCES_TYPE, writeBoot } from "./references.ts";
export { type AppraisalRules, readRules } from "./rules.ts";
