/** X.509-SVIDs: who signs them, and for which keys. */
export { type Svid, SvidAuthority } from "./authority.ts";
export { assertUsableKey, possessedKey } from "./possession.ts";
