/** Which isoline this is: the digest of its code, as it is installed. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const DOMAIN = "isoline build 1";

/**
 * SHA-256( "isoline build 1" ‖ for each file of the bundle, by name: name ‖ 0 ‖ SHA-256 of its bytes ). Compiled code that Node keeps
 * beside them, and maps for debuggers, are left out. Undefined where isoline does not run from its bundle.
 */
export function buildDigest(place = dirname(fileURLToPath(import.meta.url))): Uint8Array | undefined {
  if (basename(place) !== "bundle") return undefined;
  const sum = createHash("sha256").update(DOMAIN);
  for (const name of readdirSync(place).sort()) {
    if (!/\.m?js$/.test(name)) continue;
    const digest = createHash("sha256")
      .update(readFileSync(join(place, name)))
      .digest();
    sum.update(`${name}\0`).update(digest);
  }
  return Uint8Array.from(sum.digest());
}
