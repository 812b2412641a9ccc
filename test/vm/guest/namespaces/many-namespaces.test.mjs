/** Many namespaces on one load: each has its own verdicts, counts and losses. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { beginNamespace } from "../kernel-namespace.mjs";

const PINS = "/sys/fs/bpf/isoline";

/** @param {ReturnType<typeof beginNamespace>} half @param {readonly [string, ...string[]]} command */
function runIn(half, [program, ...args]) {
  half.launchFrom(process.pid);
  const { status, error } = spawnSync(program, args);
  half.endLaunch();
  return error ? -1 : status;
}

test("64 at once, on one load, each with its own events and no others", { skip }, () => {
  const halves = Array.from({ length: 64 }, () => beginNamespace({}));
  equal(readdirSync(PINS).filter((name) => name.startsWith("lsm-")).length, 1);
  equal(new Set(halves.map(({ id }) => id)).size, 64);
  for (const [index, half] of halves.entries()) if (index % 16 === 0) equal(runIn(half, ["/bin/true"]), 0);
  for (const [index, half] of halves.entries()) {
    const { born, live, lost } = half.census();
    deepEqual({ born, live, lost }, { born: index % 16 === 0 ? 1 : 0, live: 0, lost: 0 });
    equal(half.tallies().get("exec")?.seen, index % 16 === 0 ? 1 : undefined);
  }
  for (const half of halves) half.leave();
});

test("a full ring loses only events of its own namespace, and refuses them", { skip }, () => {
  const [full, other] = [beginNamespace({ ringSize: 4096 }), beginNamespace({})];
  equal(runIn(full, ["/bin/ls", "/"]), 0);
  const { lost } = full.census();
  ok(lost > 0);
  full.setDefaultAction("hold");
  equal(runIn(full, ["/bin/true"]), -1);
  ok(full.census().lost > lost);
  equal(runIn(other, ["/bin/true"]), 0);
  equal(other.census().lost, 0);
  for (const half of [full, other]) half.leave();
});
