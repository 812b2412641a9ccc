/** All parts of the bpf sensor are removed from the kernel, but never without a report to the namespaces that rely on them. */
import { deepEqual, equal, match } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { begin, endAll, isoline, learn } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { beginNamespace } from "../kernel-namespace.mjs";

const PINS = "/sys/fs/bpf/isoline";

test("forced while a namespace enforces: the user and the namespace get a report", { skip }, async (t) => {
  t.after(endAll);
  await learn();
  const run = begin("run", "asking.contour", "--sensor", "bpf", "--enforce", "-q", "--name", "relying");
  await run.hear();
  match(isoline("unpin", "--force").stderr, /namespace \d+ \(relying\): 1 process left, no longer observed/);
  equal(await run.over, 125);
  match(run.saidOnError(), /the BPF programs were taken out of the kernel/);
  // As documented, the workload continues; the hooks are removed one after the other.
  for (let step = 0; step < 6000 && (await run.ask("list /opt")) !== 0; step++) await setTimeout(20);
  equal(await run.ask("list /opt"), 0);
});

test("with --force nothing is left, and without it nothing is changed", { skip }, (t) => {
  const live = beginNamespace();
  t.after(() => live.leave());
  const before = readdirSync(PINS);
  match(isoline("unpin").stderr, /namespaces are live/);
  deepEqual(readdirSync(PINS), before);
  match(isoline("unpin", "--force").stderr, /removed .*lsm-/);
  deepEqual(readdirSync(PINS), []);
});

test("the last namespace to end removes the programs, and no other does", { skip }, () => {
  const [one, other] = [beginNamespace(), beginNamespace()];
  one.leave();
  equal(readdirSync(PINS).length, 1);
  other.leave();
  deepEqual(readdirSync(PINS), []);
});
