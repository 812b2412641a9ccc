/** What a new process inherits from the one that forked it, and what it does not. */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isBuilt, isoline } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";
import { compiler } from "./case.ts";

/** EACCES, as the program prints it. */
const REFUSED = 13;
const GROUP = 7;

describe.skipIf(!compiler || !isBuilt || !isRoot)("groups of a new process (needs gcc, a build, root)", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "isoline-inherited-"));
    chmodSync(directory, 0o755);
    const source = fileURLToPath(new URL("inherited.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-static", "-o", join(directory, "program"), source]);
    writeFileSync(join(directory, "file"), "text\n");
    chownSync(join(directory, "file"), 0, GROUP);
    chmodSync(join(directory, "file"), 0o640);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it.each([
    ["keeps", 0, 0, "are its parent's"],
    ["gave-up", REFUSED, REFUSED, "are those that its parent was left with"],
    ["took-on", 0, 0, "are those that its parent took on"],
    ["gives-up", 0, REFUSED, "are those that its parent had when it forked, and has given up"],
    ["takes-on", REFUSED, 0, "are not those that its parent has taken on since"],
  ])("%s: child %i, parent %i: they %s", async (way, child, parent) => {
    const command = [join(directory, "program"), way, join(directory, "file")] as const;
    const bare = execFileSync(command[0], command.slice(1), { encoding: "utf8" });
    expect(bare).toBe(`${child} ${parent}\n`);
    const contour = join(directory, `${way}.contour`);
    const { stdout } = await isoline(["learn", "-q", "-o", contour, "--", ...command], { cwd: directory });
    expect(stdout).toBe(bare);
  });
});
