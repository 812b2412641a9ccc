/** `isoline ps`: the live namespaces of this user. */
import { liveNamespaces } from "../../control/directory.ts";
import type { State } from "../../control/protocol.ts";
import { status } from "../ending.ts";
import { orphanStates } from "../live/orphans.ts";
import { statesOf } from "../live/states.ts";
import { stateTable } from "../live/state-table.ts";
import { printJson, printLine } from "../output/streams.ts";

export interface PsOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export async function ps({ json, quiet }: PsOptions): Promise<number> {
  const live = await liveNamespaces();
  const orphans = orphanStates();
  if (quiet) {
    for (const { name } of live) printLine(name);
    for (const { name } of orphans) printLine(name);
    return status.success;
  }
  const states: readonly State[] = await statesOf(live);
  if (json) printJson([...states, ...orphans]);
  else for (const line of [...stateTable(states, orphans)]) printLine(line);
  return status.success;
}
