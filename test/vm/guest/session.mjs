/**
 * `session.mjs ATTACHMENT disk|memory OPTION… FILE…`: runs test files while an empty namespace keeps the BPF programs loaded.
 * Verifying them takes longer under emulation than most tests. With `disk`, `/tmp` is an ext4.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { withoutPrograms } from "./bpf-programs.mjs";
import { beginNamespace } from "./kernel-namespace.mjs";

const DISK = "/run/machine/disk";

const [attachment, temporary, ...words] = process.argv.slice(2);
if (temporary === "disk") {
  execFileSync("truncate", ["--size=512M", DISK]);
  execFileSync("mkfs.ext4", ["-q", "-b", "4096", DISK]);
  execFileSync("mount", ["-o", "loop", DISK, "/tmp"]);
  chmodSync("/tmp", 0o1777);
}
const kept = withoutPrograms ? undefined : beginNamespace({ attachment });
const { status } = spawnSync(process.execPath, words, { stdio: "inherit" });
kept?.leave();
process.exitCode = status ?? 1;
