/**
 * `session.mjs ATTACHMENT OPTION… FILE…`: runs test files while a namespace in which nobody lives keeps the BPF programs
 * loaded. To verify them takes longer under emulation than most tests.
 */
import { spawnSync } from "node:child_process";
import { programsMissing } from "./bpf-programs.mjs";
import { beginNamespace } from "./kernel-namespace.mjs";

const [attachment, ...words] = process.argv.slice(2);
const kept = programsMissing() ? undefined : beginNamespace({ attachment });
const { status } = spawnSync(process.execPath, words, { stdio: "inherit" });
kept?.leave();
process.exitCode = status ?? 1;
