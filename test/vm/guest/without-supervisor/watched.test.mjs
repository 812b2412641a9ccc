/** A namespace that is only watched, under a policy with a reaction, when its supervisor has ended and when another takes over. */
import { deepEqual, equal } from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { begin, cwd, endAll, EPERM, isStopped, learn, report, start, until, withReaction } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";

const { BpfMap } = await import("../../../../packages/linux/dist/libbpf/map.js");
const { loadDirectories } = await import("../../../../packages/linux/dist/sensor/bpf/pins.js");
const { orphanedNamespaces } = await import("../../../../packages/linux/dist/sensor/bpf/pinned.js");

before(async () => {
  if (!skip) await learn();
});

test("without a supervisor everything goes ahead, and the next one watches it as the first one did", {
  skip,
}, async (t) => {
  t.after(() => {
    endAll();
    for (const name of ["made", "other"]) rmSync(join(cwd, name), { force: true });
  });
  const run = begin("check", withReaction("deny"), "--sensor", "bpf", "-q", "--name", "watched");
  await run.hear();
  run.child.kill("SIGKILL");
  await run.over;
  deepEqual(
    orphanedNamespaces().map(({ label, refuses }) => ({ isNamed: label.includes("watched"), refuses })),
    [{ isNamed: true, refuses: false }],
  );
  deepEqual(
    [await run.ask("list /usr"), await run.ask("make made"), await run.ask("list /opt"), await run.ask("make other")],
    [0, 0, 0, 0],
  );

  const successor = start("attach", "watched", "-q", "--report", "watched.json");
  const over = once(successor, "exit");
  await until(() => orphanedNamespaces().length === 0);
  // A first departure goes ahead, and costs the process its trust: with this reaction, the second one is refused.
  deepEqual([await run.ask("list /usr"), await run.ask("list /opt"), await run.ask("list /var")], [0, 0, EPERM]);
  run.end();
  await over;
  const { off, refused } = report("watched.json");
  deepEqual([off, refused], [2, 1]);
});

/** How many tasks are noted as held. */
function heldTasks() {
  const [directory] = loadDirectories();
  const holding = BpfMap.pinned("holding", `${directory}/holding`);
  try {
    return holding.keys(8, 16_384).length;
  } finally {
    holding.close();
  }
}

test("what waits for its verdict when the supervisor is killed goes ahead, and is held no longer", {
  skip,
}, async (t) => {
  t.after(() => {
    endAll();
    rmSync(join(cwd, "made"), { force: true });
  });
  const run = begin("check", withReaction("deny"), "--sensor", "bpf", "-q", "--name", "waiting");
  const pid = Number((await run.hear()).split(" ")[1]);
  run.child.kill("SIGSTOP");
  run.say("make made");
  await until(() => isStopped(pid));
  equal(heldTasks(), 1);
  run.child.kill("SIGKILL");
  await run.over;
  equal(await run.hear(), "make made 0");
  equal(heldTasks(), 0);

  const successor = start("attach", "waiting", "-q");
  t.after(() => successor.kill("SIGKILL"));
  const over = once(successor, "exit");
  await until(() => orphanedNamespaces().length === 0);
  deepEqual([await run.ask("list /usr"), await run.ask("list /etc")], [0, 0]);
  const { pid: supervisor = 0 } = successor;
  successor.kill("SIGSTOP");
  await until(() => readdirSync(`/proc/${supervisor}/task`).every((tid) => isStopped(Number(tid))));
  // In the middle of its call.
  run.say("name asked");
  await setTimeout(500);
  successor.kill("SIGKILL");
  await over;
  equal(await run.hear(), "name asked 0");
  run.end();
});
