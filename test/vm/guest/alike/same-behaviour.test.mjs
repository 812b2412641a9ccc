/** A contour learnt on the host is valid in the virtual machine, whose kernel, file systems and devices differ. */
import { deepEqual, equal } from "node:assert/strict";
import { chownSync, copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { isolineAs } from "../isoline.mjs";

const workload = ["--", "sh", fileURLToPath(new URL("../workload.sh", import.meta.url))];
const share = process.env["ISOLINE_SHARE"] ?? "";
const learner = Number(process.env["ISOLINE_LEARNER"]);

test("a contour learnt on the host: on contour in the machine, and nothing of it is missing there", () => {
  const { cwd, run } = isolineAs(learner);
  copyFileSync(`${share}/host.contour`, join(cwd, "host.contour"));
  const { status, stderr } = run("check", "host.contour", "--report", "report.json", ...workload);
  equal(status, 0, stderr);
  const { state } = JSON.parse(readFileSync(join(cwd, "report.json"), "utf8"));
  equal(state, readFileSync(`${share}/host.state`, "utf8"));
});

test("and enforced by the bpf sensor, which root starts for that user: nothing is refused", { skip }, () => {
  const { cwd, run } = isolineAs(0);
  chownSync(cwd, learner, learner);
  copyFileSync(`${share}/host.contour`, join(cwd, "host.contour"));
  const options = ["--user", String(learner), "--sensor", "bpf", "--enforce", "--report", "report.json"];
  const { status, stderr } = run("check", "host.contour", ...options, ...workload);
  equal(status, 0, stderr);
  const { state, departures, incomplete } = JSON.parse(readFileSync(join(cwd, "report.json"), "utf8"));
  deepEqual([departures, incomplete], [[], []]);
  equal(state, readFileSync(`${share}/host.state`, "utf8"));
});
