/**
 * A namespace of the bpf sensor whose agent ended, and that the next one takes over: what happened in between is said to be missing. Here
 * the sensor only gets reports; the virtual machines test what is refused meanwhile (test/vm/guest/without-supervisor/agent.test.mjs).
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { attachesByTracepoints } from "../bpf/attachment.ts";
import { missing, Workshop } from "../canister/bundle.ts";
import { until } from "../faults/bench.ts";
import { isBuilt } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";
import { TestAgent } from "./agent.ts";
import { appraised, evidenceOfNode, failuresIn } from "./node-evidence.ts";

const MISSING = "what happened before this supervisor took over is not in this measurement";
const LEARNT = "exec > said 2>&1; cat learnt; sleep 0.1; [ -e learnt ]";
/** Each is removed to let the script go on. So the script ends when the directory is removed. */
const HOLDS = ["first", "second", "third"];
const held = (hold: string) => `while [ -e ${hold} ]; do sleep 0.1; done`;
const SCRIPT = `exec > said 2>&1; cat learnt; ${held("first")}; cat between; ${held("second")}; cat later; ${held("third")}`;
const WATCHED = { modes: ["watching"], departures: 1000 };

const needs = !isBuilt || !isRoot || !attachesByTracepoints;
describe.skipIf(needs)("a namespace at the next agent (needs a build, root and tracepoints for BPF)", () => {
  const agent = new TestAgent();
  const at = (name: string) => join(agent.directory, name);
  const env = { ISOLINE_HOST_DIRECTORY: agent.directory };
  const evidence = () => evidenceOfNode(agent, ["--no-tpm"]);
  const said = () => (existsSync(at("said")) ? readFileSync(at("said"), "utf8") : "");
  const logged = (word: string, name: string) =>
    agent.log.find(({ event, namespace }) => event === word && namespace === name);
  /** The departures that a person is shown, once this word is among them. */
  const departed = async (name: string, word: string) => {
    for (;;) {
      const { stdout } = await agent.isoline(["departures", name], { env });
      if (stdout.includes(word)) return stdout;
    }
  };

  beforeAll(async () => {
    for (const name of ["learnt", "between", "later"]) writeFileSync(at(name), `${name}\n`);
    await agent.start("adopt: true\n", env);
    await agent.isoline(["learn", "-q", "--sensor", "bpf", "-o", "web.contour", "--", "sh", "-c", LEARNT]);
  });
  afterEach(() => {
    for (const hold of HOLDS) rmSync(at(hold), { force: true });
  });
  afterAll(() => agent.clear());

  it.each(["SIGTERM", "SIGKILL"] as const)("goes on after %s, and evidence says what is missing", async (signal) => {
    rmSync(at("said"), { force: true });
    for (const hold of HOLDS) writeFileSync(at(hold), "");
    const name = `web-${signal.toLowerCase()}`;
    const running = agent.run(["-q", "web.contour", "--sensor", "bpf", "--name", name], SCRIPT);
    await until(() => logged("began", name) !== undefined && said().includes("learnt"));
    const before = (await evidence()).bodies.get(name);
    expect(before).toMatchObject({ mode: "watching", sensor: "bpf", incomplete: [], counters: { departures: 0 } });

    await agent.end(signal);
    expect(await running).toMatchObject({ status: 125, stderr: expect.stringContaining("the agent has ended") });
    rmSync(at("first"));
    await until(() => said().includes("between"));
    await agent.start("adopt: true\n", env);
    await until(() => logged("began", name) !== undefined);
    expect(logged("adopted", name)).toMatchObject({ contour: at("web.contour") });
    let told = await evidence();
    while (!told.bodies.has(name)) told = await evidence();
    const after = told.bodies.get(name);
    expect(after).toMatchObject({ mode: "watching", sensor: "bpf", incomplete: [`${MISSING} (1 times)`] });
    expect(after?.register).toBeUndefined();
    const contour = readFileSync(at("web.contour"));
    const { status, canisters } = await appraised(told, contour, WATCHED);
    expect([status, canisters.flatMap(failuresIn)]).toEqual([
      "unverifiable",
      [expect.stringMatching(/^losses: incomplete: .*what happened before this supervisor took over/)],
    ]);
    expect((await appraised(told, contour, { ...WATCHED, losses: "warn" })).status).toBe("affirming");

    rmSync(at("second"));
    expect(await departed(name, "later")).not.toContain("between");
    rmSync(at("third"));
    await until(() => logged("ended", name) !== undefined);
    expect(logged("ended", name)).toMatchObject({
      verdict: "off-contour",
      incomplete: [{ reason: MISSING, count: 1 }],
    });
  });

  const why = missing("runc", "busybox");
  it.skipIf(why !== undefined)(
    `a container goes on, and later calls of the runtime find the next agent${why === undefined ? "" : ` (${why})`}`,
    async () => {
      const shop = new Workshop();
      process.env["ISOLINE_AGENT"] = agent.socket;
      const canisters = { ISOLINE_CANISTERS: shop.path("host.json"), XDG_RUNTIME_DIR: shop.path("run") };
      const script = "while [ ! -e /tmp/over ]; do sleep 0.1; done";
      const over = shop.path("rootfs/tmp/over");
      const begun = (mode: string) => {
        rmSync(over, { force: true });
        const label = { "dev.isoline.mode": mode, "dev.isoline.contour": "kept.contour", "dev.isoline.sensor": "bpf" };
        const id = shop.id();
        expect(shop.create("--bundle", shop.bundle(script, label), id).status).toBe(0);
        expect(shop.runc("start", id).status).toBe(0);
        return id;
      };
      try {
        await agent.start("adopt: true\n", canisters);
        const learnt = begun("learn");
        writeFileSync(over, "");
        await until(() => logged("ended", learnt) !== undefined);
        shop.runc("delete", learnt);
        const id = begun("check");
        await agent.end("SIGTERM");
        await agent.start("adopt: true\n", canisters);
        await until(() => logged("began", id) !== undefined);
        expect(shop.runc("exec", id, "/bin/echo", "inside")).toMatchObject({ status: 0, stdout: "inside\n" });
        writeFileSync(over, "");
        await until(() => logged("ended", id) !== undefined);
        expect(shop.runc("delete", id)).toMatchObject({ status: 0, stderr: "" });
        const { incomplete } = JSON.parse(readFileSync(shop.path("reports/kept.json"), "utf8"));
        expect(incomplete).toContainEqual({ reason: MISSING, count: 1 });
      } finally {
        delete process.env["ISOLINE_AGENT"];
        shop.close();
      }
    },
  );

  it.skipIf(why !== undefined)(
    `a container that was learning is lost${why === undefined ? "" : ` (${why})`}`,
    async () => {
      const shop = new Workshop();
      process.env["ISOLINE_AGENT"] = agent.socket;
      const canisters = { ISOLINE_CANISTERS: shop.path("host.json"), XDG_RUNTIME_DIR: shop.path("run") };
      const label = { "dev.isoline.mode": "learn", "dev.isoline.contour": "lost.contour", "dev.isoline.sensor": "bpf" };
      try {
        await agent.start("adopt: true\n", canisters);
        const id = shop.id();
        expect(shop.create("--bundle", shop.bundle("/bin/sleep 600", label), id).status).toBe(0);
        expect(shop.runc("start", id).status).toBe(0);
        await agent.end("SIGTERM");
        await agent.start("adopt: true\n", canisters);
        await until(() => logged("lost", id) !== undefined);
        expect(logged("lost", id)?.why).toMatch(/^it was learning, and what it had learnt is lost; see isoline attach/);
        const deleted = shop.runc("delete", "--force", id);
        expect(deleted.stderr).toMatch(/supervisor died .*from then on acts without a verdict went ahead unrecorded/);
        expect(existsSync(shop.path("contours/lost.contour"))).toBe(false);
      } finally {
        delete process.env["ISOLINE_AGENT"];
        shop.close();
      }
    },
  );
});
