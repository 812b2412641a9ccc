/** What goes wrong around one namespace of the agent is told to its client, and costs its neighbours nothing. */
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { until } from "../faults/bench.ts";
import { isBuilt, isolineProgram } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";
import { TestAgent } from "./agent.ts";

const HELD = "echo up; while [ ! -e end ]; do sleep 0.05; done; cat end";
const DEPARTS = "cat /etc/passwd > /dev/null; echo up";

describe.skipIf(!isBuilt || !isRoot)("one namespace of several (needs a build and root)", () => {
  const agent = new TestAgent();
  const at = (...names: readonly string[]) => join(agent.directory, ...names);
  const env = { ISOLINE_HOST_DIRECTORY: agent.directory };
  const kept = at("run", "isoline-kept");
  const end = () => writeFileSync(at("end"), "end\n");
  const logged = (word: string) => agent.log.filter(({ event }) => event === word);
  /** One that goes on until the file is there. */
  const held = async (name: string) => {
    const running = agent.run(["-q", "web.contour", "--enforce", "--name", name], HELD, { env });
    await until(() => logged("began").some(({ namespace }) => namespace === name));
    return { running };
  };

  beforeAll(async () => {
    await agent.isoline(["learn", "-q", "-o", "web.contour", "--", "sh", "-c", HELD], {
      onStart: (child) => child.stdout?.once("data", () => setTimeout(end, 300)),
    });
  });
  beforeEach(() => {
    for (const name of ["end", "run"]) rmSync(at(name), { recursive: true, force: true });
    mkdirSync(kept, { recursive: true, mode: 0o700 });
    chmodSync(at("run"), 0o700);
  });
  afterAll(() => agent.clear());

  it("more than it hosts at once are refused, one after the other, and the first goes on", async () => {
    await agent.start("namespaces: 1\n", env);
    const { running } = await held("first");
    for (const _ of [1, 2])
      expect(await agent.run(["-q", "web.contour"], "echo ran", { env })).toMatchObject({
        ...{ status: 125, stdout: "" },
        stderr: expect.stringContaining("expected at most 1 namespaces, and so many there are"),
      });
    expect(logged("refused")).toHaveLength(2);
    end();
    expect(await running).toMatchObject({ status: 0, stdout: "up\nend\n" });
    expect(await agent.run(["-q", "web.contour"], "echo up", { env })).toMatchObject({ status: 0, stdout: "up\n" });
  });

  it("one whose journal cannot be begun runs without it, and says so", async () => {
    await agent.start("", env);
    chmodSync(kept, 0o777);
    const { status, stdout, stderr } = await agent.run(["web.contour", "--name", "web"], DEPARTS, { env });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "up\n" });
    expect(stderr).toMatch(/^isoline: no journal, so isoline departures will not tell of this: .*isoline-kept/m);
    expect(logged("warning")).toMatchObject([{ namespace: "web", why: expect.stringContaining("no journal") }]);
    expect(logged("ended")).toHaveLength(1);
    expect(existsSync(at("run", "web.sock"))).toBe(false);
  });

  it("one whose journal cannot be written says that departures are missing there", async () => {
    await agent.start("", env);
    writeFileSync(join(kept, "web.journal"), "");
    mkdirSync(join(kept, "web.journal.1", "full"), { recursive: true });
    const { status, stderr } = await agent.run(["web.contour", "--name", "web"], DEPARTS, { env });
    expect(status).toBe(0);
    expect(stderr).toMatch(/^isoline: the journal is not whole, so isoline departures will not tell all of this: /m);
    expect(logged("warning")).toMatchObject([{ namespace: "web", why: expect.stringContaining("not whole") }]);
  });

  it("one that asks for code which is gone is lost, and its neighbour in the same thread goes on", async () => {
    const installed = dirname(dirname(isolineProgram));
    for (const part of ["bin", "package.json", join("dist", "bundle")])
      cpSync(join(installed, part), at("installed", part), { recursive: true });
    symlinkSync(fileURLToPath(new URL("../../node_modules", import.meta.url)), at("node_modules"));
    await agent.start("threads: 1\n", env, at("installed", "bin", "isoline"));
    const [one, other] = [await held("one"), await held("other")];
    const code = at("installed", "dist", "bundle");
    const missing = readdirSync(code).filter((name) => name.startsWith("shared-thread-integrity-"));
    for (const name of missing) rmSync(join(code, name));
    const { status } = await agent.fetch("/ima/ascii_runtime_measurements", at("run", "one.sock"));
    expect([missing.length > 0, status]).toEqual([true, 503]);
    expect(await one.running).toMatchObject({
      status: 125,
      stderr: expect.stringContaining("shared-thread-integrity"),
    });
    end();
    expect(await other.running).toMatchObject({ status: 0, stdout: "up\nend\n" });
    expect(logged("ended")).toMatchObject([{ namespace: "other", verdict: "on-contour" }]);
  });
});
