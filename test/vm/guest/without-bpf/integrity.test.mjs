/** The integrity view of a namespace beside the kernel's own IMA: both measure the same workload. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isolineAs } from "../isoline.mjs";

const KERNEL = "/sys/kernel/security/ima";
const workload = fileURLToPath(new URL("../workload.sh", import.meta.url));
const { cwd, run } = isolineAs(0);

/** The entries of a list, each as `sha256:DIGEST NAME`: third and fourth word of its ASCII form. @param {string} folder */
const measured = (folder) =>
  new Set(
    readFileSync(join(folder, "ascii_runtime_measurements"), "latin1")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split(" ").slice(3, 5).join(" ")),
  );

test("the kernel's IMA and the namespace's measure the same of a workload", () => {
  // Without isoline first: what the kernel measures then belongs to the workload alone.
  const before = measured(KERNEL);
  execFileSync("sh", [workload], { cwd });
  const alone = [...measured(KERNEL)].filter((one) => !before.has(one));
  const learnt = run("learn", "-o", "app.contour", "--ima-policy", "tcb", "--ima-list", "lists", "--", "sh", workload);
  equal(learnt.status, 0, learnt.stderr);
  const [kernel, ours] = [measured(KERNEL), measured(join(cwd, "lists"))];

  const without = (/** @type {Iterable<string>} */ all, /** @type {Set<string>} */ some) =>
    [...all].filter((one) => !some.has(one));
  deepEqual(without(ours, kernel), [], "measured by the namespace, but not by the kernel");
  deepEqual(without(alone, ours), [], "measured by the kernel alone");
  for (const program of ["sort", "head", "ln", "chmod"])
    ok(
      [...ours].some((one) => one.endsWith(`/${program}`)),
      `${program} was not measured`,
    );
});

test("both record a violation where the content may have changed since it was measured", () => {
  // A filesystem that is measured and can be written; tmpfs is not measured.
  const place = mkdtempSync(join(process.env["ISOLINE_SHARE"] ?? "", "races-"));
  const script =
    "echo 1 >open; exec 3>>open; cat open; exec 3>&-; echo 2 >use; exec 4<use; echo 3 >>use; cat use; echo 4 >calm; cat calm";
  const words = ["--ima-policy", "tcb", "--ima-list", "races", "--", "sh", "-c", `cd ${place}; ${script}`];
  const learnt = run("learn", "-q", "-o", "races.contour", ...words);
  equal(learnt.stdout, "1\n2\n3\n4\n", learnt.stderr);
  const violated = (/** @type {string} */ folder) =>
    [...measured(folder)].filter((one) => one.startsWith(`sha256:${"0".repeat(64)} ${place}/`)).toSorted();
  deepEqual(
    violated(KERNEL).map((one) => one.split("/").at(-1)),
    ["open", "use"],
  );
  deepEqual(violated(join(cwd, "races")), violated(KERNEL));
});

test("the kernel's list verifies", () => {
  const { status, stdout, stderr } = run("ima", "verify", join(KERNEL, "binary_runtime_measurements"));
  equal(status, 0, stdout + stderr);
});
