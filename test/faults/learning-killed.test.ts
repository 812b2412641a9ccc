/** A run that learns is killed: what it had learnt until then is beside the contour, and the next run says so. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { parseContour } from "@isoline/core/contour";
import { decodeEvidence } from "@isoline/core/evidence";
import { expect, test } from "vitest";
import { isoline, program, temporaryPlace } from "../cli/isoline.ts";

const { path } = temporaryPlace();
/** Checkpoints come every eight seconds; on a loaded machine one may be late. */
const PATIENCE = 400;

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
