/** A program inside that decides about opens (fanotify), and does something of its own before it answers. */
import { deepEqual, equal } from "node:assert/strict";
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cwd, isoline, report } from "../asking.mjs";
import { casesMissing } from "../cases.mjs";

const asker = `${process.env["ISOLINE_SHARE"]}/asked`;
const OUTSIDE = "asked by the child\nended 0\n";

test("who decides about opens is asked about its own and waits for nobody, learning and enforced", {
  skip: casesMissing(),
}, () => {
  copyFileSync("/bin/true", join(cwd, "asked"));
  const learnt = isoline("learn", "--sensor", "bpf", "-q", "-o", "asked.contour", "--", asker);
  equal(learnt.stdout, OUTSIDE);
  rmSync(join(cwd, "log"));
  const enforced = ["run", "asked.contour", "--sensor", "bpf", "--enforce", "-q", "--report", "asked.json"];
  const { stdout, stderr } = isoline(...enforced, "--", asker);
  equal(stdout, OUTSIDE, stderr + JSON.stringify(report("asked.json")));
  const { off, incomplete } = report("asked.json");
  deepEqual([off, incomplete], [0, []]);
});
