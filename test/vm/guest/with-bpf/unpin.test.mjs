/** Everything of the bpf sensor is taken out of the kernel, but not behind the back of whoever relies on it. */
import { deepEqual, equal, match } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { begin, endAll, isoline, learn } from "../asking.mjs";
import { programsMissing } from "../bpf-programs.mjs";
import { beginNamespace } from "../kernel-namespace.mjs";

const PINS = "/sys/fs/bpf/isoline";
const skip = programsMissing() && "the BPF programs are not compiled (clang-19, libbpf-dev)";

test("forced while somebody enforces: whoever does it and whoever relied on it are told", { skip }, async (t) => {
  t.after(endAll);
  await learn();
  const run = begin("run", "asking.contour", "--sensor", "bpf", "--enforce", "-q", "--name", "relying");
  await run.hear();
  match(isoline("unpin", "--force").stderr, /namespace \d+ \(relying\): 1 process left, seen by nobody/);
  equal(await run.over, 125);
  match(run.saidOnError(), /somebody took the BPF programs out of the kernel/);
  // As documented, it goes on; the hooks are taken off one after the other.
  for (let step = 0; step < 500 && (await run.ask("list /opt")) !== 0; step++) await setTimeout(20);
  equal(await run.ask("list /opt"), 0);
});

test("nothing is left when it is forced, and nothing is touched when it is not", { skip }, (t) => {
  const live = beginNamespace();
  t.after(() => live.leave());
  const before = readdirSync(PINS);
  match(isoline("unpin").stderr, /namespaces are live/);
  deepEqual(readdirSync(PINS), before);
  match(isoline("unpin", "--force").stderr, /removed .*lsm-/);
  deepEqual(readdirSync(PINS), []);
});

test("the last namespace that ends takes the programs along, and no other does", { skip }, () => {
  const [one, other] = [beginNamespace(), beginNamespace()];
  one.leave();
  equal(readdirSync(PINS).length, 1);
  other.leave();
  deepEqual(readdirSync(PINS), []);
});
