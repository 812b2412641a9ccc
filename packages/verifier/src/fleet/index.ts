/** The fleet: who owns which node, what it said last, and what follows. */
export type { Sent, SignResult } from "./attestation.ts";
export { dryRun } from "./dry-run.ts";
export { Fleet } from "./fleet.ts";
export { MOST_EVIDENCE } from "./kept-logs.ts";
export { Largest, type Sized } from "./largest.ts";
export { type OwnedNode, tokenDigest } from "./owned-node.ts";
export { Rules } from "./rules.ts";
export { contourIn, contourState, publications, signersOf } from "./stated.ts";
export type { Trusted } from "./trusted.ts";
