/** The Merkle tree of RFC 6962 and RFC 9162: hashes, proofs, and what they prove. */
export { EMPTY_ROOT, HASH_BYTES, innerHash, leafHash, sameHash } from "./hash.ts";
export { consistencyProof, inclusionProof, type Nodes, rootOf } from "./make.ts";
export { RunningRoot } from "./running.ts";
export { assertConsistent, assertIncluded, type TreeHead } from "./verify.ts";
