/** Evidence: what a node sends to a verifier. Pure, and free of Node's modules. */
export { evidenceOf, forTenant, type Proofs, stateOf, type Statement } from "./assemble.ts";
export { type CanisterBody, readCanisterBody, writeCanisterBody } from "./canister-body.ts";
export { type EvidenceDelta, piecesOf, readDelta, writeDelta } from "./delta.ts";
export {
  type CanisterEvidence,
  CHALLENGE_BYTES,
  type Evidence,
  MOST_EVIDENCE_BYTES,
  keyStatement,
  qualifyingData,
  type QuoteEvidence,
  readEvidence,
  readQuote,
  type RegisterCertificate,
  type ReportEvidence,
  writeEvidence,
  writeQuote,
} from "./evidence.ts";
export { svidStatement } from "./svid.ts";
export { type NodeBody, nodeDigest, readNodeBody, writeNodeBody } from "./node-body.ts";
export { EvidenceReading } from "./reading.ts";
export { leadsTo, leafOf, MOST_CANISTERS, Tree } from "./tree.ts";
