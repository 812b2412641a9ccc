/** The integrity view of a namespace beside the kernel's own IMA: the same workload, measured by both. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isolineAs } from "../isoline.mjs";

const KERNEL = "/sys/kernel/security/ima";
const workload = fileURLToPath(new URL("../workload.sh", import.meta.url));
const { cwd, run } = isolineAs(0);

/** What a list measured, each as `sha256:DIGEST NAME`: third and fourth word of its ascii form. @param {string} folder */
const measured = (folder) =>
  new Set(
    readFileSync(join(folder, "ascii_runtime_measurements"), "latin1")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split(" ").slice(3, 5).join(" ")),
  );

test("the kernel's IMA and the namespace's measure the same of a workload", () => {
  // Without isoline first: what is new to the kernel then is the workload's, and nothing else's.
  const before = measured(KERNEL);
  execFileSync("sh", [workload], { cwd });
  const alone = [...measured(KERNEL)].filter((one) => !before.has(one));
  const learnt = run("learn", "-o", "app.contour", "--ima-policy", "tcb", "--ima-list", "lists", "--", "sh", workload);
  equal(learnt.status, 0, learnt.stderr);
  const [kernel, ours] = [measured(KERNEL), measured(join(cwd, "lists"))];

  const without = (/** @type {Iterable<string>} */ all, /** @type {Set<string>} */ some) =>
    [...all].filter((one) => !some.has(one));
  deepEqual(without(ours, kernel), [], "measured by the namespace, and not so by the kernel");
  deepEqual(without(alone, ours), [], "measured by the kernel alone");
  for (const program of ["sort", "head", "ln", "chmod"])
    ok(
      [...ours].some((one) => one.endsWith(`/${program}`)),
      `${program} was not measured`,
    );
});

test("the kernel's list verifies", () => {
  const { status, stdout, stderr } = run("ima", "verify", join(KERNEL, "binary_runtime_measurements"));
  equal(status, 0, stdout + stderr);
});
