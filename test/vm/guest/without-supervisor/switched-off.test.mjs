/** Root turns off what calls the BPF programs: the supervisor does not go on as if they were called. */
import { deepEqual, equal, match } from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { begin, cwd, endAll, EPERM, isoline, learn, report, start, until } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { beginNamespace } from "../kernel-namespace.mjs";

const { orphanedNamespaces } = await import("../../../../packages/linux/dist/sensor/bpf/pinned.js");

const SWITCH = "/proc/sys/kernel/ftrace_enabled";
const LOST = 125;

/** @type {ReturnType<typeof beginNamespace> | undefined} */
let standing;
before(async () => {
  if (skip) return;
  standing = beginNamespace();
  await learn();
});
after(() => {
  writeFileSync(SWITCH, "1\n");
  endAll();
  standing?.leave();
});

test("a run ends, says why, and its namespace is taken over when the programs are called again", {
  skip,
}, async (t) => {
  t.after(() => rmSync(join(cwd, "made"), { force: true }));
  const run = begin("run", "asking.contour", "--sensor", "bpf", "--enforce", "-q", "--name", "unseen");
  await run.hear();
  deepEqual([await run.ask("list /usr"), await run.ask("make other")], [0, EPERM]);
  writeFileSync(SWITCH, "0\n");
  equal(await run.over, LOST);
  match(run.saidOnError(), /are not called any more, because kernel\.ftrace_enabled was set to 0 \(write 1 to /);

  const never = ["run", "asking.contour", "--sensor", "bpf", "-q", "--", "touch", "begun"];
  const refused = isoline(...never);
  deepEqual([refused.status, existsSync(join(cwd, "begun"))], [LOST, false]);
  match(refused.stderr, /kernel\.ftrace_enabled was set to 0/);

  writeFileSync(SWITCH, "1\n");
  equal(readFileSync(SWITCH, "latin1"), "1\n");
  equal(await run.ask("make other"), EPERM);
  const successor = start("attach", "unseen", "-q", "--report", "seen.json");
  const over = new Promise((resolve) => successor.once("exit", resolve));
  await until(() => orphanedNamespaces().length === 0);
  deepEqual([await run.ask("list /usr"), await run.ask("make other")], [0, EPERM]);
  run.end();
  equal(await over, 0);
  equal(report("seen.json").off, 1);
});
