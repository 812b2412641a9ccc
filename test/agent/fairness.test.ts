/** Two namespaces in one thread of the agent: one that floods it takes nothing from the other but time, and less than all of that. */
import { type ChildProcess, execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../faults/bench.ts";
import { compiler } from "../sensor/case.ts";
import { isBuilt, type Report } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";
import { TestAgent } from "./agent.ts";

/** Floods until a file is there. */
const FLOOD = "while [ ! -e end ]; do ./flood same 2000; done";

describe.skipIf(compiler === undefined || !isBuilt || !isRoot)(
  "neighbours in one thread (needs gcc, a build, root)",
  () => {
    const agent = new TestAgent();
    const at = (name: string) => join(agent.directory, name);
    const handed = (contour: string, report: string) =>
      ["run", "-q", contour, "--enforce", "--report", report, "--agent", "--agent-socket", agent.socket, "--"] as const;
    /** Not a number where a namespace gave no answer. */
    const refusedOfHog = async () => {
      const { text } = await agent.fetch("/metrics");
      if (/^isoline_namespace_answers\{.*\} 0$/m.test(text)) return Number.NaN;
      return Number(/^isoline_namespace_refused(?:_total)?\{.*\} ([1-9]\d*)$/m.exec(text)?.[1] ?? 0);
    };
    const reportOf = (name: string) => JSON.parse(readFileSync(at(name), "utf8")) as Report;

    beforeAll(async () => {
      const source = fileURLToPath(new URL("../faults/flood.c", import.meta.url));
      execFileSync("gcc", ["-O1", "-w", "-static", "-o", at("flood"), source, "-lpthread"]);
      for (const name of ["burst", "hog"]) {
        const program = fileURLToPath(new URL(`${name}.c`, import.meta.url));
        execFileSync("gcc", ["-O1", "-static", "-o", at(name), program, "-lpthread"]);
      }
      execFileSync("sh", ["-c", `echo data > ${at("data")}`]);
      await agent.start("threads: 1\n");
      await agent.isoline(["learn", "-q", "-o", "flood.contour", "--", "sh", "-c", `(sleep 1; : > end) & ${FLOOD}`]);
      execFileSync("rm", [at("end")]);
      await agent.isoline(["learn", "-q", "-o", "quiet.contour", "--", "sh", "-c", "cat data; cat data"]);
    });
    afterAll(() => agent.clear());

    it("the quiet one runs to its end while the other floods, and both are observed completely", async () => {
      const flood = agent.isoline([...handed("flood.contour", "flood.json"), "sh", "-c", FLOOD]);
      await until(() => agent.log.some(({ event }) => event === "began"));
      const quiet = await agent.isoline([...handed("quiet.contour", "quiet.json"), "sh", "-c", "cat data; cat data"]);
      expect(agent.log.filter(({ event }) => event === "ended")).toHaveLength(1);
      writeFileSync(at("end"), "");
      expect(quiet).toMatchObject({ status: 0, stdout: "data\ndata\n" });
      expect((await flood).status).toBe(0);
      expect(reportOf("quiet.json")).toMatchObject({ verdict: "on-contour", incomplete: [] });
      expect(reportOf("flood.json")).toMatchObject({ verdict: "on-contour", incomplete: [] });
    });

    it("the quiet one comes between decisions that each take long, because they read a large file", async () => {
      await agent.isoline(["learn", "-q", "-o", "hog.contour", "--", "./hog", "0", "1"]);
      const before = agent.log.length;
      const since = (kind: string) => agent.log.slice(before).filter(({ event }) => event === kind);
      rmSync(at("end"), { force: true });
      const hog = agent.isoline([...handed("hog.contour", "hog.json"), "./hog", "32", "64"]);
      await until(() => since("began").length === 1);
      const script = "cat data; ".repeat(10);
      const decidedMeanwhile = async () => {
        const begun = since("began").length;
        const quiet = agent.isoline([...handed("quiet.contour", "quiet.json"), "sh", "-c", script]);
        await until(() => since("began").length > begun);
        const first = await refusedOfHog();
        expect(await quiet).toMatchObject({ status: 0, stdout: "data\n".repeat(10) });
        return (await refusedOfHog()) - first;
      };
      // The ten make about 60 calls. Each would wait for a long decision, each time, if the thread did not wait for the moment between
      // two calls. On a starved machine that moment may be long, so that more is decided: then it is tried again.
      const tried: number[] = [];
      while (tried.length < 4 && !tried.some((count) => count < 50)) tried.push(await decidedMeanwhile());
      writeFileSync(at("end"), "");
      await hog;
      expect(tried).toContainEqual(expect.toSatisfy((count: number) => count < 50));
      const { verdict, refused, off } = reportOf("hog.json");
      expect([verdict, refused]).toEqual(["off-contour", off]);
    });

    it("calls that arrive at the same moment are all answered, though they are more than one turn takes", async () => {
      await agent.isoline(["learn", "-q", "-o", "burst.contour", "--", "./burst", "100", "data"]);
      for (let round = 0; round < 5; round++) {
        const burst = await agent.isoline([...handed("burst.contour", "burst.json"), "./burst", "100", "data"]);
        expect(burst).toMatchObject({ status: 0 });
      }
      expect(reportOf("burst.json")).toMatchObject({ verdict: "on-contour", incomplete: [] });
    });

    it("the end of one that departed thousands of times is told whole and in order, while the quiet one runs", async () => {
      const script = (prefix: string, count: number) => `mkdir $(seq -f ${prefix}-%g 1 ${count}); exit 0`;
      await agent.isoline(["learn", "-q", "-o", "many.contour", "--", "sh", "-c", script("learnt", 600)]);
      const before = agent.log.length;
      const many = agent.isoline([...handed("many.contour", "many.json"), "sh", "-c", script("other", 3000)]);
      await until(() => agent.log.slice(before).some(({ event }) => event === "began"));
      const cats = "cat data; ".repeat(10);
      const quiet = await agent.isoline([...handed("quiet.contour", "quiet.json"), "sh", "-c", cats]);
      expect(quiet).toMatchObject({ status: 0, stdout: "data\n".repeat(10) });
      await many;
      const { verdict, off, refused, departures } = reportOf("many.json");
      expect([verdict, refused]).toEqual(["off-contour", off]);
      const told = departures.flatMap(({ act }) => /^mkdir path=\S*other-(\d+)/.exec(act)?.[1] ?? []);
      expect(told).toEqual(Array.from({ length: 3000 }, (_, index) => String(index + 1)));
    });

    it("one whose threads never stop to call is asked all the same beside a neighbour, and ends when it is told to", async () => {
      await agent.isoline(["learn", "-q", "-o", "threads.contour", "--", "./flood", "threads", "8", "5"]);
      const before = agent.log.length;
      const begun = () => agent.log.slice(before).filter(({ event }) => event === "began").length;
      rmSync(at("end"), { force: true });
      const idle = agent.isoline([
        ...handed("flood.contour", "idle.json"),
        "sh",
        "-c",
        "while [ ! -e end ]; do sleep 0.2; done",
      ]);
      let client: ChildProcess | undefined;
      const busy = agent.isoline([...handed("threads.contour", "busy.json"), "./flood", "threads", "8", "100000000"], {
        onStart: (child) => (client = child),
      });
      await until(() => begun() === 2);
      for (let times = 0; times < 5; times++) {
        const { text } = await agent.fetch("/metrics");
        expect(text.match(/^isoline_namespace_answers\{.*\} (\d)$/gm)?.map((line) => line.at(-1))).toEqual(["1", "1"]);
      }
      client?.kill("SIGTERM");
      await busy;
      expect(reportOf("busy.json")).toMatchObject({ verdict: "on-contour", off: 0 });
      writeFileSync(at("end"), "");
      await idle;
    });

    it("a departure of one is not one of the other", async () => {
      const [one, other] = await Promise.all([
        agent.isoline([...handed("quiet.contour", "one.json"), "sh", "-c", "cat data; cat /etc/passwd"]),
        agent.isoline([...handed("quiet.contour", "other.json"), "sh", "-c", "cat data; cat data"]),
      ]);
      expect(one.status).not.toBe(0);
      expect(other.status).toBe(0);
      expect(reportOf("one.json")).toMatchObject({ verdict: "off-contour", refused: 1 });
      expect(reportOf("other.json")).toMatchObject({ verdict: "on-contour", off: 0 });
    });
  },
);
