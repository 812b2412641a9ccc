import { readFileSync, statSync } from "node:fs";
import { CliError } from "../../error.ts";
import { readVerifyingKey, type VerifyingKey } from "./keyring.ts";

const MAX_BYTES = 64 * 1024;

/** Reads the key in a file. */
export function readKeyFile(path: string): VerifyingKey {
  let bytes: Buffer;
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES)
      throw new CliError("bad-ima-key", `${path}: expected at most ${MAX_BYTES} bytes, got ${size}`);
    bytes = readFileSync(path);
  } catch (fault) {
    if (fault instanceof CliError) throw fault;
    const why = fault instanceof Error ? fault.message : String(fault);
    throw new CliError(
      "cannot-read",
      `${path}: expected a certificate or a public key, which could not be read: ${why}`,
      {
        cause: fault,
      },
    );
  }
  return readVerifyingKey(bytes, path);
}
