/** Namespaces that a TPM records, in one thread of the agent: what one waits for, its neighbours do not. */
import { type ChildProcess, execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Ledger, replayLedger } from "../../packages/attest/src/register/index.ts";
import type { RunReport } from "../../packages/isoline/src/namespace/report.ts";
import { needsSwtpm, SoftwareTpm } from "../attest/swtpm.ts";
import { supervisingThread, until } from "../faults/bench.ts";
import { hex } from "../register/supervised.ts";
import { compiler } from "../sensor/case.ts";
import { isBuilt } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";
import { TestAgent } from "./agent.ts";

const LEARNT = 'while read -r turn; do [ "$turn" = end ] && break; cat data; read -r line < data; done <> gate';
/** For each word: it departs in a process of its own, departs until a file is there, or does what was learnt (`open`: by itself). */
const SERVED = `while read -r turn; do case $turn in
  end) break;;
  depart) cat /etc/passwd;;
  open) read -r line < data && echo "$line";;
  flood) until [ -e over ]; do cat /etc/passwd; done;;
  *) cat data;;
esac; done <> gate`;
const NOT_TAKEN = "did not take a record in time";

/** A namespace that does as it is told. */
interface Served {
  readonly name: string;
  readonly tell: (word: string) => void;
  /** What it printed so far. */
  readonly said: { stdout: string; stderr: string };
  readonly ended: Promise<unknown>;
}

const needs = needsSwtpm || !isBuilt || !isRoot || compiler === undefined;
describe.skipIf(needs)("recorded neighbours in one thread (need swtpm, tpm2-tools, a build, gcc and root)", () => {
  let tpm: SoftwareTpm;
  let agent: TestAgent;
  const at = (name: string) => join(agent.directory, name);
  /** Open to both sides, so that neither waits for the other. */
  const gates = new Map<string, number>();
  /** Each has a directory of its own. */
  const makePlace = (name: string) => {
    mkdirSync(at(name));
    writeFileSync(at(`${name}/data`), "data\n");
    execFileSync("mkfifo", [at(`${name}/gate`)]);
    gates.set(name, openSync(at(`${name}/gate`), "r+"));
  };
  const tell = (name: string, word: string) => writeSync(gates.get(name) ?? -1, `${word}\n`);
  const report = (name: string) => JSON.parse(readFileSync(at(`${name}/report.json`), "utf8")) as RunReport;
  const ledgerFiles = () => readdirSync(at("ledger")).filter((file) => file.endsWith(".ledger"));
  const ledgerFile = () => at(join("ledger", ledgerFiles()[0] ?? "none"));
  const ledger = (): Ledger => replayLedger(readFileSync(ledgerFile()));
  const factsOf = (name: string) => ledger().namespaces.get(report(name).tpm?.birth ?? -1);
  const ownRegisters = () => tpm.tool("tpm2_getcap", "handles-nv-index").match(/0x1815[0-9a-f]{3}/gi);
  const isWhole = () => {
    const told = tpm.tool("tpm2_pcrread", "sha256:13");
    return told.toLowerCase().includes(hex(ledger().births.value));
  };

  beforeEach(async () => {
    tpm = new SoftwareTpm();
    agent = new TestAgent();
    await Promise.all([tpm.start(), agent.start("threads: 1\n", { ISOLINE_HOST_DIRECTORY: agent.directory })]);
    makePlace("learnt");
    const learning = agent.isoline(["learn", "-q", "-o", at("web.contour"), "--", "sh", "-c", LEARNT], {
      cwd: at("learnt"),
      onStart: (child) => child.stdout?.once("data", () => tell("learnt", "end")),
    });
    tell("learnt", "go");
    await learning;
  });
  afterEach(async () => {
    for (const gate of gates.values()) closeSync(gate);
    gates.clear();
    await agent.clear();
    await tpm.close();
  });

  const start = (name: string, mode: readonly string[]): Served => {
    makePlace(name);
    const words = ["-q", at("web.contour"), ...mode, "--name", name, "--report", "report.json"];
    const rooted = ["--tpm", tpm.address, "--tpm-ledger", at("ledger")];
    const said = { stdout: "", stderr: "" };
    const onStart = (child: ChildProcess) => {
      for (const stream of ["stdout", "stderr"] as const)
        child[stream]?.on("data", (text: string) => {
          said[stream] += text;
        });
    };
    const env = { ISOLINE_HOST_DIRECTORY: agent.directory };
    const ended = agent.run([...words, ...rooted], SERVED, { cwd: at(name), env, onStart });
    return { name, tell: (word) => tell(name, word), said, ended };
  };
  const serve = async (name: string, mode: readonly string[] = ["--enforce"]): Promise<Served> => {
    const started = start(name, mode);
    await until(() => agent.log.some(({ event, namespace }) => event === "began" && namespace === name));
    return started;
  };
  const end = async (...all: readonly Served[]) => {
    for (const each of all) each.tell("end");
    await Promise.all(all.map(({ ended }) => ended));
  };
  /** One turn of what was learnt, to its end. */
  const goesOn = async ({ said, tell: order }: Served) => {
    const before = said.stdout.length;
    order("go");
    await until(() => said.stdout.length > before);
  };

  it("one that departs in a loop is recorded whole, and so is one that goes on beside it, of which nothing is recorded", async () => {
    const [honest, hostile] = [await serve("honest"), await serve("hostile")];
    hostile.tell("flood");
    await until(() => hostile.said.stderr !== "");
    for (let turn = 0; turn < 10; turn++) await goesOn(honest);
    expect(honest.said).toEqual({ stdout: "data\n".repeat(10), stderr: "" });
    await end(honest);
    writeFileSync(at("hostile/over"), "");
    await end(hostile);
    const { off, state, measurement, events } = report("honest");
    expect([off, report("honest").incomplete, report("hostile").incomplete]).toEqual([0, [], []]);
    const good = factsOf("honest");
    expect([good?.departures, good?.losses]).toEqual([[], []]);
    expect([hex(good?.end?.state), hex(good?.end?.measurement)]).toEqual([state, measurement]);
    expect(good?.end).toMatchObject({ events, off: 0, lost: 0 });
    const bad = factsOf("hostile");
    expect(bad?.departures).toHaveLength(report("hostile").tpm?.departures ?? -1);
    expect(new Set(bad?.departures.map(({ process }) => process)).size).toBe(bad?.departures.length);
    expect(bad?.end).toMatchObject({ off: report("hostile").off });
    expect([ownRegisters(), isWhole()]).toEqual([["0x1815000"], true]);
  });

  it("while the TPM does not answer, one that departs waits, and its neighbour does not; it is refused before it has read anything", async () => {
    const [honest, hostile] = [await serve("honest"), await serve("hostile")];
    await goesOn(honest);
    const before = statSync(ledgerFile()).size;
    tpm.freeze(true);
    hostile.tell("depart");
    // Its departure is on disk, and not in the TPM.
    await until(() => statSync(ledgerFile()).size > before);
    await goesOn(honest);
    expect(hostile.said).toEqual({ stdout: "", stderr: "" });
    await until(() => hostile.said.stderr !== "");
    expect(hostile.said.stdout).toBe("");
    // Nothing of it goes ahead from here on, on contour or not.
    hostile.tell("go");
    await until(() => hostile.said.stderr.split("\n").length > 2);
    await goesOn(honest);
    tpm.freeze(false);
    const served = async () => {
      hostile.tell("go");
      const { stderr } = hostile.said;
      await until(() => hostile.said.stdout !== "" || hostile.said.stderr !== stderr);
      return hostile.said.stdout !== "";
    };
    while (!(await served()));
    await end(honest, hostile);
    expect(report("hostile").incomplete.map(({ reason }) => reason)).toEqual([expect.stringContaining(NOT_TAKEN)]);
    expect(report("honest")).toMatchObject({ verdict: "on-contour", incomplete: [], tpm: { recorded: true } });
    expect(factsOf("hostile")?.departures).toHaveLength(report("hostile").tpm?.departures ?? -1);
    expect(factsOf("hostile")?.losses.length).toBeGreaterThan(0);
    expect([ownRegisters(), isWhole()]).toEqual([["0x1815000"], true]);
  });

  it("a task that is killed while its departure is being recorded takes nothing with it", async () => {
    const [honest, hostile] = [await serve("honest"), await serve("hostile")];
    const departures = () => [...ledger().namespaces.values()].flatMap(({ departures: all }) => all);
    tpm.freeze(true);
    hostile.tell("depart");
    await until(() => departures().length > 0);
    for (const { pid } of departures()) process.kill(pid, "SIGKILL");
    await goesOn(honest);
    tpm.freeze(false);
    await goesOn(hostile);
    await end(honest, hostile);
    expect([hostile.said.stdout, report("hostile").incomplete]).toEqual(["data\n", []]);
    expect([factsOf("hostile")?.departures.length, isWhole()]).toEqual([1, true]);
  });

  it("once the TPM has what was told, the first call is decided, though the thread waited for that call in the kernel", async () => {
    const only = await serve("only");
    tpm.freeze(true);
    only.tell("depart");
    await until(() => only.said.stderr !== "");
    only.tell("open");
    await until(() => only.said.stderr.split("\n").length > 2);
    const { stderr } = only.said;
    tpm.freeze(false);
    const [run] = ledger().namespaces.values();
    const held = () => {
      const register = ledger().registers.get(hex(run?.register));
      tpm.tool("tpm2_nvread", "-C", "o", `0x${register?.index.toString(16)}`, "-s", "32", "-o", "value");
      return hex(readFileSync(join(tpm.place, "value"))) === hex(register?.value);
    };
    await until(held);
    only.tell("open");
    await until(() => only.said.stdout !== "" || only.said.stderr !== stderr);
    expect(only.said).toEqual({ stdout: "data\n", stderr });
    await end(only);
  });

  it("an end that comes too late for the report is in the ledger as soon as the TPM takes it, and the register is removed", async () => {
    const [honest, hostile] = [await serve("honest"), await serve("hostile")];
    tpm.freeze(true);
    await end(hostile);
    expect(report("hostile")).toMatchObject({ verdict: "incomplete", tpm: { recorded: false } });
    await goesOn(honest);
    tpm.freeze(false);
    await until(() => factsOf("hostile")?.end !== undefined);
    await end(honest);
    expect([ownRegisters(), isWhole()]).toEqual([["0x1815000"], true]);
  });

  it("while the TPM does not answer one that is to be born, its neighbour goes on", async () => {
    const honest = await serve("honest");
    const connections = () => readFileSync("/proc/net/unix", "latin1").split(`${tpm.place}/socket\n`).length;
    const before = connections();
    tpm.freeze(true);
    const late = start("late", ["--enforce"]);
    await until(() => connections() > before);
    for (let turn = 0; turn < 3; turn++) await goesOn(honest);
    expect(agent.log.map(({ event }) => event)).toEqual(["ready", "began"]);
    tpm.freeze(false);
    await end(honest, late);
    expect([report("honest").verdict, isWhole()]).toEqual(["on-contour", true]);
  });

  it("what is only watched shares a thread with its like: its departures go ahead once they are recorded", async () => {
    const [one, other] = [await serve("one", []), await serve("other", [])];
    const threads = readdirSync(`/proc/${agent.pid}/task`).length;
    const third = await serve("third", []);
    expect(readdirSync(`/proc/${agent.pid}/task`).length).toBe(threads);
    one.tell("depart");
    await until(() => one.said.stdout.includes("root:"));
    await goesOn(other);
    await end(one, other, third);
    expect(factsOf("one")?.departures).toHaveLength(1);
    expect([factsOf("other")?.end?.off, factsOf("third")?.end?.off, isWhole()]).toEqual([0, 0, true]);
  });

  it("has the same in the ledger as in a thread of its own", async () => {
    const recordsOf = async (name: string) => {
      const only = await serve(name);
      for (const word of ["go", "depart", "go", "depart"]) only.tell(word);
      await end(only);
      const { birth, departures = [], losses, end: last } = factsOf(name) ?? {};
      return {
        birth: { mode: birth?.mode, sensor: birth?.sensor, state: hex(birth?.state) },
        departures: departures.map(({ process, point }) => [process, hex(point)]),
        end: { ...last, sequence: 0, at: 0, birth: 0, register: 0, value: 0 },
        losses,
      };
    };
    const shared = await recordsOf("shared");
    expect(shared.departures).toHaveLength(2);
    await agent.start("threads: 0\n", { ISOLINE_HOST_DIRECTORY: agent.directory });
    expect(await recordsOf("own")).toEqual(shared);
  });

  it("a thread that is lost fails all of its namespaces closed, without an end; the next ones have another", async () => {
    const endThread = at("end-thread");
    const source = fileURLToPath(new URL("../faults/end-thread.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-static", "-o", endThread, source]);
    const both = [await serve("one"), await serve("other")];
    for (const each of both) await goesOn(each);
    execFileSync(endThread, [await supervisingThread(agent.pid)]);
    await until(() => agent.log.filter(({ event }) => event === "refused").length === 2);
    for (const { tell: order, said } of both) {
      order("go");
      await until(() => said.stderr.includes("Cannot fork"));
    }
    expect(await Promise.all(both.map(({ ended }) => ended))).toMatchObject([{ status: 125 }, { status: 125 }]);
    expect(both.map(({ said }) => said.stdout)).toEqual(["data\n", "data\n"]);
    expect([...ledger().namespaces.values()].map(({ end: last }) => last)).toEqual([undefined, undefined]);
    const next = await serve("next");
    await goesOn(next);
    await end(next);
    expect(factsOf("next")?.end).toMatchObject({ off: 0 });
  });

  it("a TPM that was powered off and on has a ledger of its own, also while one of the ledger before goes on, shut", async () => {
    const before = await serve("before");
    await goesOn(before);
    await tpm.stop();
    await tpm.start();
    const after = await serve("after");
    expect(ledgerFiles()).toHaveLength(2);
    await goesOn(after);
    before.tell("depart");
    await until(() => before.said.stderr !== "");
    await goesOn(after);
    await end(after);
    expect(report("after")).toMatchObject({ verdict: "on-contour", tpm: { recorded: true } });
    rmSync(at("ledger"), { recursive: true });
    await end(before);
    expect([report("before").tpm?.recorded, existsSync(at("ledger"))]).toEqual([false, false]);
  });
});
