/**
 * The launching thread: puts the filter on itself, starts the workload, and ends.
 *
 * It does as little as possible once it carries the filter: what it calls then is mediated too.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { applyLandlock, installFilter, type Launch, spawnWorkload } from "@isoline/linux";
import { awaitCell, type ControlBlock, cells, publish } from "./control-block.ts";
import type { LaunchMessage, LaunchOrder } from "./messages.ts";

/** What the thread is started with. */
export interface LaunchThreadData {
  readonly block: ControlBlock;
  /** Where the supervising thread says what the launch must add. */
  readonly orders: MessagePort;
  /** Where the outcome is told. */
  readonly outcome: MessagePort;
}

/** What the main thread says before anything begins. */
export interface LaunchData {
  readonly launch: Launch;
  readonly noNewPrivileges: boolean;
}

function run({ block, orders, outcome }: LaunchThreadData): void {
  const say = (message: LaunchMessage) => outcome.postMessage(message);
  if (awaitCell(block, cells.ready) < 0) return;
  const { launch, noNewPrivileges } = received<LaunchData>(parentPort as MessagePort);
  const order = received<LaunchOrder>(orders);
  let listener: number;
  const landlock = order.landlock && applyLandlock(order.landlock);
  try {
    listener = installFilter(noNewPrivileges);
  } catch (fault) {
    say({ kind: "failed", message: fault instanceof Error ? fault.message : String(fault) });
    publish(block, cells.listener, -1);
    return;
  }
  publish(block, cells.listener, listener);
  const pid = spawnWorkload(launch);
  say(pid > 0 ? { kind: "started", pid, landlock } : { kind: "refused", errno: -pid });
}

/** A message that was sent before this thread was told to begin. */
function received<T>(port: MessagePort): T {
  return (receiveMessageOnPort(port) as { message: T }).message;
}

run(workerData as LaunchThreadData);
// Ends this thread, and with it the last holder of the filter that is not the workload.
process.exit(0);
