/**
 * The launching thread: puts the filter on itself, starts the workload, and ends.
 *
 * It does as little as possible once it carries the filter: what it calls then is mediated too.
 */
import { type MessagePort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { applyLandlock, installFilter, type Launch, spawnWorkload } from "@isoline/linux";
import { awaitCell, type ControlBlock, cells, publish } from "./control-block.ts";
import type { LaunchMessage, LaunchOrder } from "./messages.ts";

export interface LaunchData {
  readonly block: ControlBlock;
  readonly launch: Launch;
  readonly noNewPrivileges: boolean;
  /** Where the supervising thread says what the launch must add. */
  readonly orders: MessagePort;
  /** Where the outcome is told. */
  readonly port: MessagePort;
}

function run({ block, launch, noNewPrivileges, orders, port }: LaunchData): void {
  const say = (message: LaunchMessage) => port.postMessage(message);
  if (awaitCell(block, cells.ready) < 0) return;
  const order = (receiveMessageOnPort(orders) as { message: LaunchOrder } | undefined)?.message;
  let listener: number;
  const landlock = order?.landlock && applyLandlock(order.landlock);
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

run(workerData as LaunchData);
// Ends this thread, and with it the last holder of the filter that is not the workload.
process.exit(0);
