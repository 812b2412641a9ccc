/** The kernel's own measurement list, with which the integrity view of a namespace can be compared. */
import { match, ok } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import { test } from "node:test";

const LIST = "/sys/kernel/security/ima/ascii_runtime_measurements";

test("IMA's list can be read, and identifies a program that ran by its content", () => {
  const program = realpathSync("/usr/bin/sort");
  execFileSync(program, ["/dev/null"]);
  const digest = createHash("sha256").update(readFileSync(program)).digest("hex");
  const lines = readFileSync(LIST, "latin1").split("\n");
  match(lines[0] ?? "", /^10 [0-9a-f]{40} ima-sig sha256:[0-9a-f]{64} boot_aggregate $/);
  ok(lines.some((line) => line.includes(` ima-sig sha256:${digest} ${program} `)));
});
