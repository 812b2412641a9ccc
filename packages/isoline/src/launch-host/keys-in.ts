/** The keys that an image trusts, one after the other in a file. */
import { publicKey, type TrustedKey } from "../store/signature/keys.ts";

/** Every key of the file; one that is not a key of the kinds that sign ends the machine. */
export function keysIn(pem: string): TrustedKey[] {
  const blocks = pem.match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g) ?? [];
  const keys = blocks.map((block, index) => ({ name: `key ${index + 1} of this machine`, pem: block }));
  for (const key of keys) publicKey(key);
  return keys;
}
