/** Everything of the bpf sensor is taken out of the kernel, but not behind the back of whoever relies on it. */
import { deepEqual, equal, match } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { isolineAs } from "../isoline.mjs";
import { programsMissing } from "../bpf-programs.mjs";
import { beginNamespace } from "../kernel-half.mjs";

const PINS = "/sys/fs/bpf/isoline";
const skip = programsMissing() && "the BPF programs are not compiled (clang-19, libbpf-dev)";
const { run } = isolineAs(0);

test("nothing is left when it is forced, and nothing is touched when it is not", { skip }, (t) => {
  const live = beginNamespace();
  t.after(() => live.leave());
  const before = readdirSync(PINS);
  match(run("unpin").stderr, /namespaces are live/);
  deepEqual(readdirSync(PINS), before);
  match(run("unpin", "--force").stderr, /removed .*lsm-/);
  deepEqual(readdirSync(PINS), []);
});

test("the last namespace that ends takes the programs along, and no other does", { skip }, () => {
  const [one, other] = [beginNamespace(), beginNamespace()];
  one.leave();
  equal(readdirSync(PINS).length, 1);
  other.leave();
  deepEqual(readdirSync(PINS), []);
});
