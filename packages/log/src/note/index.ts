/** Signed notes, the checkpoints in them, and the keys of logs and witnesses. */
export { fromBase64 } from "./base64.ts";
export { openCheckpoint, parseCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
export { type Checkpoint, checkpointText } from "./head.ts";
export {
  formatVerifierKey,
  latticeWitness,
  parseVerifierKey,
  type SignerKey,
  signerKey,
  signerKeyOf,
  type VerifierKey,
} from "./key.ts";
export { latticeSeedIn } from "./lattice.ts";
export {
  type Endorsement,
  endorsements,
  formatNote,
  type Note,
  type NoteSignature,
  parseNote,
  parseSignature,
  signatureLine,
  signNote,
} from "./note.ts";
