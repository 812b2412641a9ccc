/** Certificates without Node: read, chained to trusted roots, and checked against revocation lists. */
export { base64url, concatenated, fromHex, isEqual, isZero, toHex } from "./bytes.ts";
export {
  type Certificate,
  commonName,
  type Extension,
  parseCertificate,
  parseCertificates,
} from "./certificate.ts";
export { assertTime, type ChainTrust, chainOf, earliest, untrusted } from "./chain.ts";
export { DerReader, oidOf, only, smallInteger, tags } from "./der.ts";
export { parseRevocationList, type RevocationList } from "./revocation.ts";
export { type Hash, isSignedBy, isSignedRaw, keyOfInfo, keyOfPoint, type PublicKey, subtle } from "./signature.ts";
