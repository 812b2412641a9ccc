/** Tasks that try to pass for another program by what they make other tasks do. */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiler, NOBODY, workplace } from "./case.ts";
import { isBuilt, type Outcome, supervise } from "./supervised.ts";
import { isRoot } from "../support/machine.ts";

describe.skipIf(!compiler || !isBuilt)("hostile tasks (needs gcc and a build)", () => {
  const uid = isRoot ? NOBODY : undefined;
  let directory: string;

  beforeAll(() => {
    directory = workplace(uid);
    const source = fileURLToPath(new URL("./hostile-tasks.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-w", "-static", "-o", join(directory, "agent"), source, "-lpthread"]);
    for (const name of ["secret", "other", "file"]) {
      writeFileSync(join(directory, name), `${name}\n`);
      if (uid !== undefined) chownSync(join(directory, name), uid, uid);
    }
    writeFileSync(join(directory, "job"), `#!${directory}/agent\n`);
    chmodSync(join(directory, "job"), 0o755);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const run = (act: string, as = uid): Promise<Outcome> =>
    supervise({ command: ["./agent", act], directory, ...(as === undefined ? {} : { uid: as }) });
  const last = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
  /** The programs that opened the secret. */
  const openers = ({ events }: Outcome): string[] =>
    events.filter(({ act }) => act.startsWith("open ") && act.includes("/secret ")).map(({ program }) => last(program));

  it.each([
    ["the parent that shared its memory ends after an exec that failed", "exit"],
    ["the parent that shared its memory executes something after an exec that failed", "exec"],
    ["a sibling takes its place, and the sibling's creator executes something", "sibling"],
    ["another thread of its parent executes something before its first call", "thread"],
  ])("no task is another program because %s", async (_, act) => {
    const outcome = await run(act);
    expect(openers(outcome)).toEqual(["agent"]);
    expect(outcome.report).toMatchObject({ incomplete: [], guesses: 0 });
  });

  const unproven = {
    incomplete: [{ reason: "a process runs one of several programs, and it could not be proven which", count: 1 }],
  };

  it("without address randomisation and with shared memory, a task that asked for an exec is no known program", async () => {
    const outcome = await run("fixed");
    expect(openers(outcome)).toEqual(["?unproven"]);
    expect(outcome.report).toMatchObject(unproven);
  });

  it.skipIf(!isRoot)("if a task that shares the memory wrote the marks as well (needs root)", async () => {
    const outcome = await run("marks", undefined);
    expect(openers(outcome)).toEqual(["?unproven"]);
    expect(outcome.report).toMatchObject(unproven);
  });
});
