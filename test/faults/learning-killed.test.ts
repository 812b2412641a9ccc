/** A run that learns is killed: what it had learnt until then is beside the contour, and the next run says so. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { parseContour } from "@isoline/core/contour";
import { decodeEvidence } from "@isoline/core/evidence";
import { learn } from "isoline";
import { expect, test } from "vitest";
import { isoline, program, temporaryPlace } from "../cli/isoline.ts";

const { path } = temporaryPlace();
/** Checkpoints come every eight seconds; on a loaded machine one may be late. */
const PATIENCE = 400;

test.each([["--runs", "1"], []])(
  "learn %s %s says what a killed run left, also when it is told to be quiet",
  (...options) => {
    const contour = path(`left${options.length}.contour`);
    expect(isoline(["learn", "-q", "-o", contour, "--", "true"]).status).toBe(0);
    const gone = spawnSync("true").pid;
    writeFileSync(path(`.left${options.length}.contour.checkpoint-${gone}-abc`), readFileSync(contour));
    const { stderr } = isoline(["learn", "-q", "--merge", ...options, "-o", contour, "--", "true"]);
    expect(stderr).toContain(`What it had learnt is in ${contour}.cut-short-abc: add it with isoline merge`);
    expect(parseContour(readFileSync(`${contour}.cut-short-abc`)).size).toBeGreaterThan(0);
  },
);

test("a program that learns is told where that is", async () => {
  const contour = path("library.contour");
  await (await learn(["true"], { output: contour })).ended;
  const gone = spawnSync("true").pid;
  writeFileSync(path(`.library.contour.checkpoint-${gone}-abc`), readFileSync(contour));
  await using run = await learn(["true"], { output: contour });
  await run.ended;
  expect(run.cutShort.map((left) => left.path)).toEqual([`${contour}.cut-short-abc`]);
  expect(parseContour(readFileSync(`${contour}.cut-short-abc`)).size).toBeGreaterThan(0);
});

test("a killed run leaves its contour and its evidence, and the next one says where", {
  timeout: 120_000,
}, async () => {
  const contour = path("killed.contour");
  expect(isoline(["learn", "-q", "-o", contour, "--", "sh", "-c", "cat /etc/hostname"]).status).toBe(0);
  const before = [contour, `${contour}.evidence`].map((file) => readFileSync(file));
  const learning = ["learn", "-q", "--merge", "-o", contour, "--", "sh", "-c", "cat /etc/hosts; exec sleep 100"];
  const child = spawn(program, learning, { stdio: "ignore" });
  const ended = once(child, "exit");
  const left = () =>
    readdirSync(path(".")).filter((name) => /^\.killed\.contour\.checkpoint-[\d]+-[0-9a-f]+\.evidence$/.test(name));
  for (let step = 0; step < PATIENCE && left().length === 0; step++) await setTimeout(100);
  expect(left()).toHaveLength(1);
  child.kill("SIGKILL");
  await ended;
  expect([contour, `${contour}.evidence`].map((file) => readFileSync(file))).toEqual(before);

  const next = isoline(["learn", "-q", "--merge", "-o", contour, "--", "sh", "-c", "true"]);
  expect(next.status).toBe(0);
  const [, aside = ""] =
    /was cut short after \d{4}-\S+Z\. What it had learnt is in (\S+): add it with/.exec(next.stderr) ?? [];
  const learnt = parseContour(readFileSync(aside));
  expect(readFileSync(aside, "utf8")).toContain(" path=/etc/hosts ");
  expect(learnt.incomplete).toEqual(["the run was cut short"]);
  expect(decodeEvidence(readFileSync(`${aside}.evidence`)).runs[0]?.incomplete).toEqual({ "the run was cut short": 1 });
  expect(isoline(["merge", "-q", contour, aside, "-o", contour]).status).toBe(0);
  const text = readFileSync(contour, "utf8");
  expect([" path=/etc/hosts ", " path=/etc/hostname "].every((file) => text.includes(file))).toBe(true);
  expect(decodeEvidence(readFileSync(`${contour}.evidence`)).runs).toHaveLength(3);
  expect(readdirSync(path(".")).filter((name) => name.startsWith(".killed"))).toEqual([]);
  expect(existsSync(aside)).toBe(true);
});
