/** TPM 2.0: structures, commands, and ways to a TPM. */
export { decode, encode } from "./codec.ts";
export { commands } from "./commands.ts";
export * from "./constants.ts";
export { type Credential, makeCredential } from "./credential.ts";
export { assertEndorsed, type Makers, readIndex } from "./endorsement.ts";
export { nameOf, nvNameOf } from "./names.ts";
export { publicKeyOf } from "./public-key.ts";
export { TpmRefusal } from "./response-codes.ts";
export { type EcdsaSignature, isSignedBy, type VerifiesEcdsa } from "./signed-by.ts";
export {
  attest,
  type Attest,
  nvPublic,
  type NvPublic,
  publicArea,
  type PublicArea,
  signature,
  type Signature,
} from "./structures.ts";
export { attestationKey, endorsementP384, endorsementRsa } from "./templates.ts";
export { type Authorisation, Tpm } from "./tpm.ts";
