/** A socket whose close waits for its peer (SO_LINGER): where the supervisor's close is the last one, it does not wait as long. */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiler, workplace } from "./case.ts";
import { isBuilt, supervise } from "./supervised.ts";

describe.skipIf(compiler === undefined || !isBuilt)("a close that lingers (needs gcc, a build)", () => {
  let directory: string;
  beforeAll(() => {
    directory = workplace();
    const source = fileURLToPath(new URL("lingering.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-w", "-static", "-o", join(directory, "lingering"), source, "-lpthread"]);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it("keeps no other call waiting", async () => {
    const { stdout, report } = await supervise({ command: ["./lingering"], directory });
    expect({ stdout, incomplete: report.incomplete }).toEqual({
      stdout: "answered at once: 100 of 100\n",
      incomplete: [],
    });
  });
});
