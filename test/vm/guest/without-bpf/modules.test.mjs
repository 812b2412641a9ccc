/** BPF LSM is not in force, and isoline says so. */
import { equal, match } from "node:assert/strict";
import { test } from "node:test";
import { withoutPrograms } from "../bpf-programs.mjs";
import { activeModules, doctorSays } from "../doctor.mjs";

test("lsm= does not include bpf", () => equal(activeModules().includes("bpf"), false));

test("isoline doctor finds every part that is compiled, and no bpf in lsm=", () => {
  const { parts, probe } = doctorSays();
  equal(parts.seccomp && parts.landlock, true);
  equal(probe("BPF security module").works, false);
  match(probe("BPF security module").fix ?? "", /lsm=/);
  equal(parts.bpf, !withoutPrograms);
  match(probe("attachment").detail, withoutPrograms ? /not tried/ : /fmod_ret\//);
});
