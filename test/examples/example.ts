/** The examples, run as their pages say. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Ended, ended, isolineProgram, SYSTEM_PATH } from "../support/isoline.ts";

/** Runs an example's `try.sh` with isoline on the path. */
export async function tryExample(name: string): Promise<Ended> {
  const place = mkdtempSync(join(tmpdir(), `isoline-example-`));
  try {
    return await ended(fileURLToPath(new URL(`../../examples/${name}/try.sh`, import.meta.url)), [], {
      cwd: place,
      env: { TMPDIR: place, PATH: `${dirname(isolineProgram)}:${SYSTEM_PATH}` },
    });
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** The output of a step: from its heading to the next one. */
export function step(stdout: string, heading: string): string {
  const [, after = ""] = stdout.split(`\n${heading}`);
  return after.split(/\n\n[#>] /)[0] ?? "";
}
