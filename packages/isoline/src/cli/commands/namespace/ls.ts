/** `isoline namespace ls`: the namespaces that this user began at the agent. */
import type { BegunName } from "../../../agent/begun/words.ts";
import { status } from "../../ending.ts";
import { printJson, printLine } from "../../output/streams.ts";
import { table } from "../../output/table.ts";
import { harmless } from "../../output/wording.ts";
import { type AskedOptions, asked } from "./asked.ts";

export async function namespaceLs(options: AskedOptions): Promise<number> {
  const { namespaces } = (await asked(options, { ask: "namespaces" })) as { readonly namespaces: readonly BegunName[] };
  if (options.json) printJson(namespaces);
  else {
    const rows = namespaces.map(({ name, user, pid, mode, command }) =>
      [name, String(user), String(pid), mode, command].map(harmless),
    );
    for (const line of table(["NAME", "USER", "PID", "MODE", "COMMAND"], rows)) printLine(line);
  }
  return status.success;
}
