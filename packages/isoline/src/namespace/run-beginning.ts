/** What is known of a run when it begins: who it is, when, of what command, on which machine. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { release } from "node:os";
import type { RunRecord } from "@isoline/core/evidence";
import { commandText } from "./command-text.ts";

export type RunBeginning = Pick<RunRecord, "id" | "when" | "command" | "versions" | "start">;

/** A longer command is cut: it is for people to recognise the run by. */
const MOST_COMMAND = 1000;

export function beginRun(command: readonly Uint8Array[], start: RunRecord["start"]): RunBeginning {
  return {
    id: randomBytes(8).toString("hex"),
    when: `${new Date().toISOString().slice(0, 19)}Z`,
    command: commandText(command).slice(0, MOST_COMMAND),
    versions: { isoline: version(), kernel: release(), node: process.versions.node },
    start,
  };
}

let known: string | undefined;

/** The version of the package this file is in, as it was when this was asked first: an upgrade does not change what runs. */
export function version(): string {
  known ??= (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string })
    .version;
  return known;
}
