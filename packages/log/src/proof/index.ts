/** Proofs that need no network, and the policy that says which logs and witnesses they are believed by. */
export { type LogPolicy, parsePolicy } from "./policy.ts";
export { formatProof, type LogProof, openWitnessed, parseProof, proveEntry, verifyProof, whoSigned } from "./proof.ts";
