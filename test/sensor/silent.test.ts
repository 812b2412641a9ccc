/**
 * Connects to an address that does not answer, while another thread brings about what could make the supervisor wait for it. The other
 * calls of the workload are answered all the same.
 */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiler, workplace } from "./case.ts";
import { isBuilt, supervise } from "./supervised.ts";

/** What can be won by chance is tried more than once. */
const ways = [
  ["family", "an address of another family on the same socket", 20],
  ["zero", "a socket that is made to wait", 300],
  ["both", "a socket that is made to wait and not to wait", 300],
] as const;

describe.skipIf(compiler === undefined || !isBuilt)("connects to a silent address (needs gcc, a build)", () => {
  let directory: string;
  beforeAll(() => {
    directory = workplace();
    const source = fileURLToPath(new URL("silent.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-w", "-static", "-o", join(directory, "silent"), source, "-lpthread"]);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it.each(ways)("%s: %s keeps no other call waiting", async (way, _, opens) => {
    const { stdout, report } = await supervise({ command: ["./silent", way], directory });
    expect({ stdout, incomplete: report.incomplete }).toEqual({
      stdout: `opened at once: ${opens} of ${opens}\n`,
      incomplete: [],
    });
  });

  it("threads: many on one socket, which is shut down under them, keep no other call waiting", async () => {
    const { stdout } = await supervise({ command: ["./silent", "threads"], directory });
    expect(stdout).toBe("all were opened at once: yes\n");
  });
});
