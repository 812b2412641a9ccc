/** BPF LSM is in force, and isoline says so. */
import { equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { withoutPrograms } from "../bpf-programs.mjs";
import { activeModules, doctorSays } from "../doctor.mjs";

test("lsm= includes bpf", () => ok(activeModules().includes("bpf")));

test("isoline doctor finds every part that is compiled, and bpf in lsm=", () => {
  const { parts, probe } = doctorSays();
  equal(parts.seccomp && parts.landlock, true);
  equal(probe("BPF security module").works, true);
  equal(probe("Landlock").detail, "version 6: without refusals in the audit log");
  equal(parts.bpf, !withoutPrograms);
  match(probe("attachment").detail, withoutPrograms ? /not tried/ : /lsm\//);
});
