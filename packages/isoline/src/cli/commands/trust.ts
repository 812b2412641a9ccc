/** `isoline trust`: which processes of a live namespace are trusted, and why others are not. */
import type { ProcessReport } from "../../namespace/live.ts";
import { findNamespace } from "../../control/directory.ts";
import { CliError } from "../../error.ts";
import { status } from "../ending.ts";
import { paint } from "../output/paint.ts";
import { printJson, printLine } from "../output/streams.ts";
import { table } from "../output/table.ts";
import { harmless } from "../output/wording.ts";
import { usage } from "../refusal.ts";

export interface TrustOptions {
  readonly json?: boolean;
}

export async function trust(name: string, pid: string | undefined, { json }: TrustOptions): Promise<number> {
  if (pid !== undefined && !/^[1-9]\d{0,8}$/.test(pid))
    throw usage(`expected a process id, got ${JSON.stringify(pid.slice(0, 40))}`);
  const client = await findNamespace(name);
  const processes = await client.trust(pid === undefined ? undefined : Number(pid));
  if (pid !== undefined && processes.length === 0)
    throw new CliError(
      "no-such-namespace",
      `${client.name} has no process ${pid}; isoline trust ${client.name} lists those it has`,
    );
  if (json) printJson(processes);
  else for (const line of table(["PID", "TRUST", "PROGRAM", "CAUSE"], processes.map(row))) printLine(line);
  return status.success;
}

function row({ pid, chain, trusted, cause }: ProcessReport): string[] {
  const program = chain.length === 0 ? "-" : chain.map(String).join(" → ");
  return [
    String(Number(pid)),
    trusted ? paint("green", "trusted") : paint("red", "untrusted"),
    harmless(program),
    trusted ? "" : harmless(cause ?? ""),
  ];
}
