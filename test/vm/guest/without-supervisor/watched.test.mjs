/** A namespace that is only watched, under a policy with a reaction, when its supervisor has ended and when another takes over. */
import { deepEqual } from "node:assert/strict";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { begin, cwd, endAll, EPERM, learn, report, start, until, withReaction } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";

const { orphanedNamespaces } = await import("../../../../packages/linux/dist/sensor/bpf/pinned.js");

test("without a supervisor everything goes ahead, and the next one watches it as the first one did", {
  skip,
}, async (t) => {
  t.after(() => {
    endAll();
    for (const name of ["made", "other"]) rmSync(join(cwd, name), { force: true });
  });
  await learn();
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
