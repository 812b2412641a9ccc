/** Digests that namespaces of one agent share: a program is hashed once, and one that was changed meanwhile is off contour. */
import { closeSync, copyFileSync, mkdtempSync, openSync, readFileSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isBuilt, type Report } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";
import { TestAgent } from "./agent.ts";

/** Where only root can change names. */
const PLACE = "/var/lib";
const EXT4 = 0xef53;
const isHere = isBuilt && isRoot && statfsSync(PLACE).type === EXT4;

describe.skipIf(!isHere)(`digests at the agent (needs a build, root, and ${PLACE} on ext4)`, () => {
  const agent = new TestAgent();
  const place = isHere ? mkdtempSync(join(PLACE, "isoline-agent-")) : "";
  const shell = join(place, "shell");
  const command = ["sh", "-c", `${shell} -c 'exit 7'; exit`];
  const counted = async (what: string): Promise<number> =>
    Number(
      new RegExp(`^isoline_agent_digests\\{what="${what}"\\} (\\d+)$`, "m").exec(
        (await agent.fetch("/metrics")).text,
      )?.[1],
    );
  const run = (report: string) =>
    agent.isoline([
      ...["run", "-q", "shell.contour", "--enforce", "--report", report, "--agent", "--agent-socket", agent.socket],
      ...["--", ...command],
    ]);
  const reportOf = (name: string) => JSON.parse(readFileSync(join(agent.directory, name), "utf8")) as Report;

  beforeAll(async () => {
    copyFileSync("/bin/sh", shell);
    await agent.start("threads: 2\n");
    await agent.isoline(["learn", "-q", "-o", "shell.contour", "--", ...command]);
  });
  afterAll(async () => {
    await agent.clear();
    rmSync(place, { recursive: true, force: true });
  });

  it("what one namespace hashed, another one finds", async () => {
    expect((await run("first.json")).status).toBe(7);
    const [kept, found] = [await counted("kept"), await counted("found")];
    expect(kept).toBeGreaterThan(0);
    expect((await run("second.json")).status).toBe(7);
    expect(await counted("kept")).toBe(kept);
    expect(await counted("found")).toBeGreaterThan(found);
    expect(reportOf("second.json")).toMatchObject({ verdict: "on-contour", off: 0 });
    expect((await agent.fetch("/metrics")).text).toContain("isoline_agent_digests_shared 1");
  });

  it("a program that was written to between two runs is another program", async () => {
    const file = openSync(shell, "r+");
    writeSync(file, "changed", 1000);
    closeSync(file);
    expect((await run("changed.json")).status).not.toBe(7);
    expect(reportOf("changed.json")).toMatchObject({ verdict: "off-contour" });
  });
});
