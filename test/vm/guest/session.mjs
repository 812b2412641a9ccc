/**
 * `session.mjs ATTACHMENT disk|memory UNTIL SECONDS FILE…`: runs test files while an empty namespace keeps the BPF programs loaded.
 * Verifying them takes longer under emulation than most tests. With `disk`, `/tmp` is an ext4.
 *
 * Each file runs in a process of its own, so that a crash ends only one, and has so many seconds. One that would begin after UNTIL, in
 * milliseconds since 1970, is skipped.
 */
import { execFileSync } from "node:child_process";
import { appendFileSync, chmodSync } from "node:fs";
import { run } from "node:test";
import { withoutPrograms } from "./bpf-programs.mjs";
import { beginNamespace } from "./kernel-namespace.mjs";
import reporter, { line } from "./reporter.mjs";

const DISK = "/run/machine/disk";

const [attachment, temporary, until, seconds, ...files] = process.argv.slice(2);
const report = `${process.env["ISOLINE_SHARE"]}/results`;
if (temporary === "disk") {
  execFileSync("truncate", ["--size=512M", DISK]);
  execFileSync("mkfs.ext4", ["-q", "-b", "4096", DISK]);
  execFileSync("mount", ["-o", "loop", DISK, "/tmp"]);
  chmodSync("/tmp", 0o1777);
}
const kept = withoutPrograms ? undefined : beginNamespace({ attachment });
for (const file of files) {
  if (Date.now() > Number(until))
    appendFileSync(report, line({ file, name: file, outcome: "skipped", reason: "no time was left" }));
  else
    for await (const told of run({ files: [file], timeout: Number(seconds) * 1000 }).compose(reporter))
      appendFileSync(report, told);
}
kept?.leave();
