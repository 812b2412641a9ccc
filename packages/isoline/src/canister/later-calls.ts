/** Calls of runc for an existing canister: `exec`, `start`, `delete`. */
import { type ChildState, dieBySignal, leave } from "@isoline/linux";
import { CliError } from "../error.ts";
import type { Entry } from "../namespace/entry.ts";
import { containerOf, type RuncCall } from "./command-line.ts";
import { clientOf, joinCanister } from "./join.ts";
import { filesOf } from "./places.ts";
import { type CanisterRecord, isSupervised, Records } from "./record.ts";
import { rootOf, statusOf } from "./runc.ts";
import { runOutside } from "./run-outside.ts";
import type { CanisterLog } from "./log.ts";

export interface LaterCall {
  readonly call: RuncCall;
  readonly entry: Entry;
  readonly log: CanisterLog;
  readonly command: readonly Uint8Array[];
  readonly path: Uint8Array;
}

/** A supervisor writes its contour when the last process has ended; the user who deletes the container expects to find it. */
const PATIENCE_MS = 10_000;

export async function runLaterCall(call: LaterCall): Promise<never> {
  const id = containerOf(call.call);
  const records = new Records(id, rootOf(call.call));
  const record = records.find();
  switch (call.call.command) {
    case "exec":
      return endAs(await exec(known(record, id), call));
    case "start":
      return endAs(record ? await joinCanister(record, { ...call, files: [] }) : await runOutside(call));
    default: {
      const exit = await runOutside(call);
      if (record && statusOf(exit) === 0) await awaitEnd(record, records, call.log);
      return endAs(exit);
    }
  }
}

/** An exec begins with acts of runc that the container's own start has not: it has to be learnt as well, and a refusal is told as such. */
async function exec(record: CanisterRecord, call: LaterCall): Promise<ChildState> {
  const client = clientOf(record);
  const before = await client.stateIfLive();
  const exit = await joinCanister(record, { ...call, files: filesOf(call.call) });
  if (record.mode !== "enforce" || before === undefined || statusOf(exit) === 0) return exit;
  const refused = ((await client.stateIfLive())?.refused ?? 0) - before.refused;
  if (refused > 0)
    call.log.say(
      "error",
      `exec: ${refused === 1 ? "1 act was" : `${refused} acts were`} refused in ${before.name} meanwhile: isoline departures ${before.name}; what an exec does must be learnt, in a run with mode learn: docs/how-to/containers.md`,
    );
  return exit;
}

function known(record: CanisterRecord | undefined, id: string): CanisterRecord {
  if (record) return record;
  throw new CliError(
    "no-such-canister",
    `${id}: expected a container that isoline-runc created, found none; create it with isoline-runc, or use runc itself`,
  );
}

/** Waits for the supervisor's final record, and says so if it never came. */
async function awaitEnd(record: CanisterRecord, records: Records, log: CanisterLog): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  // An agent goes on when a canister of it has ended, and the next agent may have taken it over meanwhile.
  const isOver = () => {
    const now = records.find();
    return now === undefined || now.ended !== undefined || !isSupervised(now);
  };
  while (!isOver() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
  const last = records.find();
  if (!isOver()) log.say("warning", `${record.id}: processes of the container outlive it, and so does its supervisor`);
  else if (last?.ended === undefined)
    log.say(
      "error",
      `${record.id}: its supervisor died before the container; ${afterwards(record)}, and its observations are lost`,
    );
  if (isOver()) records.remove();
}

/** What happened to the container's acts once no supervisor decided about them. */
function afterwards({ sensor, mode }: CanisterRecord): string {
  if (sensor !== "bpf") return "mediated calls failed from then on";
  const became =
    mode === "enforce" ? "acts without a verdict were refused" : "acts without a verdict went ahead unrecorded";
  return `from then on ${became}`;
}

function endAs(exit: ChildState): never {
  return exit.state === "killed" ? dieBySignal(exit.signal) : leave(statusOf(exit));
}
