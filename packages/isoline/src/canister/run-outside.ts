/** Runs runc outside the namespace, for calls in which nothing of the container runs. */
import { type ChildState, spawnWorkload } from "@isoline/linux";
import { CliError } from "../error.ts";
import type { Entry } from "../namespace/entry.ts";
import { FirstProcess } from "../namespace/first-process.ts";
import { launchData } from "../namespace/launching.ts";

export async function runOutside(call: {
  readonly entry: Entry;
  readonly command: readonly Uint8Array[];
  readonly path: Uint8Array;
}): Promise<ChildState> {
  const first = new FirstProcess();
  first.takeSignals(call.entry);
  const pid = spawnWorkload(launchData(call.entry, call.command, call.path).launch);
  if (pid <= 0) throw new CliError("not-executable", `runc could not be started (errno ${-pid})`);
  first.started(pid);
  return first.end();
}
