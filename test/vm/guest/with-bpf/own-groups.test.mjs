/** The control groups that contain the supervisor: nothing inside freezes, kills or starves it through their files. */
import { deepEqual, equal } from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, before, describe, test } from "node:test";
import { spawnSync } from "node:child_process";
import { cwd, endAll, EPERM } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { learn } from "../doing-again.mjs";

describe("control groups of the supervisor", { skip }, () => {
  const groups = join(cwd, "groups");
  before(() => {
    mkdirSync(groups);
    equal(spawnSync("mount", ["-t", "cgroup2", "none", groups]).status, 0);
    for (const name of ["isoline-outer", "isoline-outer/own", "isoline-other"]) mkdirSync(join(groups, name));
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
});
