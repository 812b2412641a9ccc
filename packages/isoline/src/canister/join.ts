/**
 * Brings a call of runc into a running namespace: `exec`, and hooks that `start` runs.
 *
 * The new process must be a descendant of the caller, which waits for it; the namespace's own tasks are not. So a thread of
 * this process installs another filter on itself, runc inherits it, and the supervisor gets its listener: the same engine and
 * the same contour, with a second filter. Until the supervisor answers, the new process cannot begin.
 *
 * Under the bpf sensor there is no filter: the supervisor admits the next child of this very process, and no other. That child
 * is forked only after the supervisor has agreed.
 */
import { constants } from "node:os";
import { MessageChannel } from "node:worker_threads";
import { type ChildState, closeDescriptor, spawnWorkload, withOpenFileLimit } from "@isoline/linux";
import { ControlClient } from "../control/client.ts";
import { CliError } from "../error.ts";
import { cells, type ControlBlock, makeControlBlock, publish } from "../namespace/control-block.ts";
import type { Launching } from "../namespace/crew.ts";
import type { Entry } from "../namespace/entry.ts";
import { FirstProcess } from "../namespace/first-process.ts";
import type { LaunchData } from "../namespace/launch-thread.ts";
import type { LaunchMessage, LaunchOrder } from "../namespace/messages.ts";
import { launchData, listenerOf } from "../namespace/launching.ts";
import { startLauncher } from "../namespace/threads.ts";
import { type CanisterRecord, isSupervised } from "./record.ts";

export interface Joining {
  readonly entry: Entry;
  readonly command: readonly Uint8Array[];
  readonly path: Uint8Array;
  /** Files that the call is given, by purpose. */
  readonly files: readonly (readonly [what: string, path: string])[];
}

/** Runs a command inside the namespace of a canister and returns how it ended. */
export async function joinCanister(record: CanisterRecord, joining: Joining): Promise<ChildState> {
  if (!isSupervised(record))
    throw new CliError(
      "no-such-canister",
      `${record.id}: its supervisor (process ${record.supervisor.pid}) is gone, so nothing can be run in it${record.sensor === "bpf" ? " until an agent has taken it over (`adopt: true`)" : ""}; otherwise remove the container`,
    );
  const first = new FirstProcess();
  first.takeSignals(joining.entry);
  // The bpf sensor stops a task that waits for a verdict.
  const isHeld = (signal: number) => record.sensor === "bpf" && signal === constants.signals.SIGSTOP;
  first.onStop = (signal) => void (isHeld(signal) || process.kill(process.pid, "SIGSTOP"));
  if (record.sensor === "bpf") return invited(record, joining, first);
  const { block, launcher, launched } = launchThread(joining);
  first.isOrdered = () => true;
  const started = outcomeOf({ launcher, launched });
  // It may have failed while the supervisor is asked, and is waited for afterwards.
  started.catch(() => {});
  const listener = await listenerOf(launcher, block);
  if (listener >= 0) {
    await clientOf(record).join(listener, joining.files);
    closeDescriptor(listener);
  }
  first.started(await started);
  return first.end();
}

/** The process begins in the namespace, or is not forked. */
async function invited(record: CanisterRecord, joining: Joining, first: FirstProcess): Promise<ChildState> {
  const { entry, command, path, files } = joining;
  await clientOf(record).join(undefined, files);
  const { launch } = launchData(entry, command, path);
  // Forked from this thread, which is the one that was permitted to bring a process in.
  const start = () => spawnWorkload(launch);
  const pid = entry.openFiles === undefined ? start() : withOpenFileLimit(entry.openFiles, start);
  if (pid < 0) throw notStarted(-pid);
  first.started(pid);
  return first.end();
}

export function clientOf({ id, socket }: CanisterRecord): ControlClient {
  return new ControlClient(id.slice(0, 12), socket);
}

function notStarted(errno: number): CliError {
  return new CliError("not-executable", `runc could not be started in the namespace (errno ${errno})`);
}

function launchThread({ entry, command, path }: Joining): Launching & { readonly block: ControlBlock } {
  const block = makeControlBlock();
  const orders = new MessageChannel();
  const launched = new MessageChannel();
  const launcher = startLauncher({ block, orders: orders.port2, outcome: launched.port2 });
  launcher.postMessage(launchData(entry, command, path) satisfies LaunchData);
  const order: LaunchOrder = { landlock: undefined, sensor: "seccomp", openFiles: undefined, mitigations: undefined };
  orders.port1.postMessage(order);
  publish(block, cells.ready, 1);
  return { block, launcher, launched: launched.port1 };
}

/** The process that was started. */
function outcomeOf({ launcher, launched }: Launching): Promise<number> {
  return new Promise((resolve, reject) => {
    launcher.once("error", reject);
    launched.on("message", (message: LaunchMessage) => {
      launched.close();
      if (message.kind === "started") resolve(message.pid);
      else if (message.kind === "failed") reject(new CliError("no-such-canister", message.message));
      else reject(notStarted(message.errno));
    });
  });
}
