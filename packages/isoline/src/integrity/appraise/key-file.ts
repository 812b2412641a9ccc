import { readRegular } from "../../store/bounded-file.ts";
import { readVerifyingKey, type VerifyingKey } from "./keyring.ts";

const MAX_BYTES = 64 * 1024;

/** Reads the key in a file. */
export function readKeyFile(path: string): VerifyingKey {
  const bytes = readRegular(path, MAX_BYTES, "a certificate or a public key");
  return readVerifyingKey(bytes, path);
}
