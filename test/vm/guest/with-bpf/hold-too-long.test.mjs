/** What is held, and nobody decides about it in time. */
import { deepEqual, equal } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { begin, cwd, EPERM, isStopped, learn, until } from "../asking.mjs";
import { programsMissing } from "../bpf-programs.mjs";
import { beginNamespace } from "../kernel-half.mjs";

const skip = programsMissing() && "the BPF programs are not compiled (clang-19, libbpf-dev)";

test("what is held for too long is refused when it asks again, and counted", { skip }, async (t) => {
  const kept = beginNamespace();
  t.after(() => kept.leave());
  await learn();
  const late = begin(
    "run",
    "asking.contour",
    "--sensor",
    "bpf",
    "--enforce",
    "--hold",
    "3",
    "-q",
    "--report",
    "late.json",
  );
  const task = Number((await late.hear()).split(" ")[1]);
  late.child.kill("SIGSTOP");
  late.say("make made");
  await until(() => isStopped(task));
  await setTimeout(3600);
  // Not by ourselves: who supervises a namespace does not reach in from outside.
  spawnSync("kill", ["-CONT", String(task)]);
  equal(await late.hear(), `make made ${EPERM}`);
  late.child.kill("SIGCONT");
  late.end();
  await late.over;
  equal(existsSync(join(cwd, "made")), false);
  const { kernel } = JSON.parse(readFileSync(join(cwd, "late.json"), "utf8"));
  deepEqual([kernel.create.refused, kernel.reached.seen], [1, 1]);
});
