/** The control groups that contain the supervisor: nothing inside freezes, kills or starves it through their files. */
import { deepEqual, equal } from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, before, describe, test } from "node:test";
import { spawnSync } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { cwd, endAll, EPERM } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { enforce, learn } from "../doing-again.mjs";
import { pins } from "../escaping.mjs";
import { beginNamespace } from "../kernel-namespace.mjs";

const { BpfMap } = await import("../../../../packages/linux/dist/libbpf/map.js");

const MOST_GROUPS = 4096;

describe("control groups of the supervisor", { skip }, () => {
  const groups = join(cwd, "groups");
  before(() => {
    mkdirSync(groups);
    equal(spawnSync("mount", ["-t", "cgroup2", "none", groups]).status, 0);
    for (const name of ["isoline-outer", "isoline-outer/own", "isoline-other", "isoline-next"])
      mkdirSync(join(groups, name));
    // What this process starts is in its group.
    writeFileSync(join(groups, "isoline-outer/own/cgroup.procs"), String(process.pid));
  });
  afterEach(endAll);

  test("their files are not opened for writing, except those that move tasks; files of other groups are", async () => {
    const { incomplete, kept } = await learn("groups", {
      [`write ${groups}/isoline-outer/own/cgroup.freeze`]: EPERM,
      [`write ${groups}/isoline-outer/own/cgroup.kill`]: EPERM,
      [`write ${groups}/isoline-outer/cgroup.max.depth`]: EPERM,
      [`write ${groups}/cgroup.max.depth`]: EPERM,
      [`write ${groups}/isoline-outer/own/cgroup.procs`]: 0,
      [`write ${groups}/isoline-other/cgroup.freeze`]: 0,
      [`look ${groups}/isoline-outer/own/cgroup.freeze`]: 0,
    });
    deepEqual({ incomplete, kept }, { incomplete: [], kept: 4 });
  });

  test("groups whose supervisors have ended leave room for the next", async (t) => {
    const standing = beginNamespace();
    t.after(() => standing.leave());
    const kept = BpfMap.pinned("own_groups", `${pins()}/own_groups`);
    const [gone = Buffer.alloc(16)] = kept.keys(16, 1);
    for (let inode = 1; inode <= MOST_GROUPS; inode++) {
      gone.writeBigUInt64LE(BigInt(1_000_000 + inode));
      kept.update(gone, Buffer.alloc(4));
    }
    equal(kept.keys(16, 2 * MOST_GROUPS).length, MOST_GROUPS);
    writeFileSync(join(groups, "isoline-next/cgroup.procs"), String(process.pid));
    t.after(() => writeFileSync(join(groups, "isoline-outer/own/cgroup.procs"), String(process.pid)));
    beginNamespace().leave();
    equal(kept.keys(16, 2 * MOST_GROUPS).length < MOST_GROUPS, true);
    const { incomplete } = await learn("crowded", { [`write ${groups}/isoline-next/cgroup.freeze`]: EPERM });
    deepEqual(incomplete, []);
    kept.close();
  });

  test("a supervisor that is moved is kept in its new group, and the move is told", async () => {
    const file = `${groups}/isoline-other/cgroup.freeze`;
    await learn("moved", { [`write ${file}`]: 0 });
    const { ask, told, child } = await enforce("moved");
    equal(await ask(`write ${file}`), 0);
    writeFileSync(join(groups, "isoline-other/cgroup.procs"), String(child.pid));
    for (let time = 0; time < 100 && (await ask(`write ${file}`)) === 0; time++) await setTimeout(100);
    equal(await ask(`write ${file}`), EPERM);
    const { incomplete, off } = await told();
    deepEqual(incomplete, [{ reason: "the supervisor was moved to another control group", count: 1 }]);
    equal(off, 0);
  });
});
