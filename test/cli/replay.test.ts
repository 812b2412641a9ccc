/** Recorded events: isoline's own, and those of TSEM, compared with the verdicts of the published agent. */
import { readFileSync, writeFileSync } from "node:fs";
import { eventToJson } from "@isoline/core/event";
import { iso1Point } from "@isoline/core/profile";
import { describe, expect, it } from "vitest";
import { learnt, node, npm, opens, sh } from "../engine/workload.ts";
import { fixtures, isoline, temporaryPlace } from "./isoline.ts";

const place = temporaryPlace();
const recording = `${fixtures}trajectory-75.jsonl`;
const model = `${fixtures}model-first50.txt`;
const points = readFileSync(`${fixtures}trajectory-75.coefficients.quixote.txt`, "utf8");
const verdicts = readFileSync(`${fixtures}replay-first50.expected.txt`, "utf8").trimEnd().split("\n");
const expected = (name: string) => verdicts.find((line) => line.startsWith(`${name} `));

describe("a recording of TSEM events", () => {
  it("has the points that the published agent computed", () => {
    expect(isoline(["replay", "--profile", "quixote", "--points", recording])).toMatchObject({
      status: 0,
      stdout: points,
    });
  });

  it("has the published measurement and state, with and without an aggregate", () => {
    const aggregate = "de2b9c37eb1ceefa4bcbc6d8412920693d3272f30eb5ba98d51d2f898d620289";
    const both = ["replay", "--profile", "quixote", "--measurement", "--state", recording];
    expect(isoline([...both, "--aggregate", aggregate]).stdout).toBe(
      `${expected("measurement")}\n${expected("state")}\n`,
    );
    expect(isoline(both).stdout).toBe(
      "measurement d5eaf9ee1bfb4b82155b15356072e3295240cdac96cc335b35675f4071247caf\n" +
        "state 823d25ad731c4b586c4f95b311d3fb1b05956373f398c05e5a027e8e2782c8b7\n",
    );
  });

  it("gets the verdict of the published agent on every event under a model", () => {
    const { status, stdout } = isoline(["replay", "--profile", "quixote", "--json", model, recording]);
    const report = JSON.parse(stdout) as {
      departures: { sequence: number; point: string }[];
      measurement: string;
      state: string;
    };
    const off = verdicts.flatMap((line) => {
      const [, sequence, discipline, point] =
        /^(\d+) added=\d discipline=(\d) sealed=1 ([0-9a-f]{64})$/.exec(line) ?? [];
      return discipline === "1" ? [{ sequence: Number(sequence), point }] : [];
    });
    expect(off).toHaveLength(25);
    expect(status).toBe(3);
    expect(report.departures.map(({ sequence, point }) => ({ sequence, point }))).toEqual(off);
    expect(`measurement ${report.measurement}`).toBe(expected("measurement"));
    expect(`state ${report.state}`).toBe(expected("state"));
  });

  it("becomes a contour that contains all its events", () => {
    const contour = place.path("tsem.contour");
    const head = place.path("head.jsonl");
    writeFileSync(head, `${readFileSync(recording, "utf8").split("\n").slice(0, 50).join("\n")}\n`);
    expect(isoline(["replay", "--profile", "quixote", "-o", contour, head]).status).toBe(0);
    expect(isoline(["replay", contour, head]).status).toBe(0);
    expect(isoline(["replay", contour, recording]).status).toBe(3);
    expect(isoline(["show", contour]).stdout).toContain("profile quixote");
    expect(isoline(["replay", "--profile", "iso2017", contour, head]).stderr).toContain("say --profile quixote");
  });

  it("is incomplete where an event has no point", () => {
    const lines = readFileSync(recording, "utf8").trimEnd().split("\n");
    const log = '{"export": {"type": "log"}, "log": {"process": "sh", "event": "file_open", "action": "DENY"}}';
    const { status, stderr } = isoline(["replay", "--profile", "quixote", "-"], {
      input: `${[...lines, log].join("\n")}\n`,
    });
    expect(status).toBe(4);
    expect(stderr).toContain("incomplete: file_open of an untrusted process");
  });

  it.each([
    ["key AAAA\n", "signed models are not supported"],
    ["state abc\n", "expected state and 64 hexadecimal digits"],
    ["seal\nfoo\n", "no line of a model begins with"],
  ])("refuses the model %j", (text, says) => {
    const path = place.path("bad.model");
    writeFileSync(path, text.startsWith("state") ? text : `aggregate ${"0".repeat(64)}\n${text}`);
    const { status, stderr } = isoline(["replay", "--profile", "quixote", path, recording]);
    expect(status).toBe(1);
    expect(stderr).toContain(says);
  });
});

describe("a recording of our own", () => {
  const npmrc = opens(node, "$HOME/.npmrc");
  const key = opens(node, "$HOME/.ssh/id_ed25519");
  const line = (value: unknown) => `${JSON.stringify(value)}\n`;
  const tasks = [npm, sh, node].map((task) => line({ task })).join("");
  const text = tasks + line(eventToJson(npmrc)) + line(eventToJson(key)) + line(eventToJson(npmrc));

  it("reports which events are off contour, and why", () => {
    const contour = place.keep("small.contour", learnt(npmrc));
    const { status, stdout, stderr } = isoline(["replay", contour, "-"], { input: text });
    expect(status).toBe(3);
    expect(stdout).toBe(
      `off 2 ${iso1Point(key).slice(0, 16)} \`node\` (npm → sh → node) opened $HOME/.ssh/id_ed25519 for reading; nearest on contour: opened $HOME/.npmrc for reading\n`,
    );
    expect(stderr).toContain("3 events, 2 points, off contour: 1 departure, 1 time");
  });

  it("becomes a contour with the tasks that it names", () => {
    const contour = place.path("own.contour");
    expect(isoline(["replay", "-o", contour, "-"], { input: text }).status).toBe(0);
    expect(isoline(["explain", contour, "open path=$HOME/.npmrc"]).stdout).toContain("(npm → sh → node)");
    expect(isoline(["replay", contour, "-"], { input: text }).status).toBe(0);
  });

  it("is incomplete where events did not fit into it", () => {
    const { status, stderr } = isoline(["replay", "-"], { input: `${text}{"more":5}\n` });
    expect(status).toBe(4);
    expect(stderr).toContain("8 events, 2 points");
    expect(stderr).toContain("incomplete: events that did not fit into the trajectory (5 times)");
  });

  it("prints bare values for scripts", () => {
    const { stdout } = isoline(["replay", "--state", "-"], { input: text });
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
  });

  it.each([
    ["nonsense\n", "line 1: expected one JSON object"],
    [`${line(eventToJson(npmrc))}{"task":{"id":"x"}}\n`, "line 2: expected"],
    [`${line(eventToJson(npmrc))}{"more":-5}\n`, "line 2: expected"],
    [line({ ...eventToJson(npmrc), op: "fly" }), "line 1: not the JSON form of an event"],
    ["x".repeat(3_000_000), "line 1: expected at most"],
  ])("refuses an invalid recording, and names the line", (input, says) => {
    const { status, stdout, stderr } = isoline(["replay", "-"], { input });
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr.slice(0, 300)).toContain(says);
    expect(stderr.length).toBeLessThan(2000);
  });
});
