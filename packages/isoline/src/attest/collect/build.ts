/** Which isoline this is: its version, and the digest of its code. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { NodeBody } from "@isoline/attest/evidence";
import { version } from "../../namespace/run-beginning.ts";

const DOMAIN = "isoline build 1";

let running: NodeBody["build"] | undefined;

/**
 * The isoline that this process runs: read from its files once, the first time. They are another's after an upgrade, and no one's while
 * it goes on. So a process that sends evidence for long asks for it as it begins.
 */
export function runningBuild(place?: string): NodeBody["build"] {
  const digest = running === undefined ? buildDigest(place) : undefined;
  running ??= { version: version(), ...(digest === undefined ? {} : { digest }) };
  return running;
}

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
