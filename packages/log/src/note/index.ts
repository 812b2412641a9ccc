/** Signed notes, the checkpoints in them, and the keys of logs and witnesses. */
export { fromBase64 } from "./base64.ts";
export {
  type Checkpoint,
  checkpointText,
  openCheckpoint,
  parseCheckpoint,
  type SignedCheckpoint,
} from "./checkpoint.ts";
export {
  formatVerifierKey,
  parseVerifierKey,
  type SignerKey,
  signerKey,
  signerKeyOf,
  type VerifierKey,
} from "./key.ts";
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
