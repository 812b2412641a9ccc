/**
 * `session.mjs ATTACHMENT OPTION… FILE…`: runs test files while an empty namespace keeps the BPF programs loaded. Verifying
 * them takes longer under emulation than most tests.
 */
import { spawnSync } from "node:child_process";
import { withoutPrograms } from "./bpf-programs.mjs";
import { beginNamespace } from "./kernel-namespace.mjs";

const [attachment, ...words] = process.argv.slice(2);
const kept = withoutPrograms ? undefined : beginNamespace({ attachment });
const { status } = spawnSync(process.execPath, words, { stdio: "inherit" });
kept?.leave();
process.exitCode = status ?? 1;
