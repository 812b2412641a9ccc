/**
 * The launching thread: installs the filter on itself, starts the workload, and ends.
 *
 * It does as little as possible once it has the filter: its own calls are then mediated too.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import {
  applyLandlock,
  becomeUser,
  currentThread,
  installFilter,
  KernelMitigations,
  type Launch,
  spawnWorkload,
  withOpenFileLimit,
} from "@isoline/linux";
import { awaitCell, type ControlBlock, cells, publish } from "./control-block.ts";
import type { LaunchMessage, LaunchOrder } from "./messages.ts";
import { mitigateLaunch } from "./trust-mitigations.ts";

/** What the thread is started with. */
export interface LaunchThreadData {
  readonly block: ControlBlock;
  /** Where the supervising thread sends what the launch must add. */
  readonly orders: MessagePort;
  /** Where the outcome is sent. */
  readonly outcome: MessagePort;
}

/** The main thread's message before anything begins. */
export interface LaunchData {
  readonly launch: Launch;
  readonly noNewPrivileges: boolean;
}

function run({ block, orders, outcome }: LaunchThreadData): void {
  const say = (message: LaunchMessage) => outcome.postMessage(message);
  publish(block, cells.launcherTid, currentThread());
  if (awaitCell(block, cells.ready) < 0) return;
  const { launch, noNewPrivileges } = received<LaunchData>(parentPort as MessagePort);
  const order = received<LaunchOrder>(orders);
  const { sensor, openFiles } = order;
  if (!isUser(launch, say)) return gaveUp(block);
  const mitigated = mitigations(order, say);
  if (mitigated === "missing") return gaveUp(block);
  const landlock = order.landlock && applyLandlock(order.landlock);
  if (sensor === "seccomp" && !filtered(block, noNewPrivileges, say)) return gaveUp(block);
  const pid =
    openFiles === undefined ? spawnWorkload(launch) : withOpenFileLimit(openFiles, () => spawnWorkload(launch));
  publish(block, cells.workload, pid > 0 ? pid : -1);
  say(pid > 0 ? { kind: "started", pid, landlock, mitigated } : { kind: "refused", errno: -pid });
}

/** Switches to the user that the workload starts as, if it is another; false, with the reason, if that fails. */
function isUser({ user }: Launch, say: (message: LaunchMessage) => void): boolean {
  const result = user === undefined ? 0 : becomeUser(user);
  if (result === 0) return true;
  say({ kind: "failed", message: `the command cannot be started as user ${user?.uid} (errno ${-result})` });
  return false;
}

/** Sets what the policy names on this thread, from which the workload inherits it. */
function mitigations({ mitigations: policy }: LaunchOrder, say: (message: LaunchMessage) => void) {
  try {
    return policy && mitigateLaunch(new KernelMitigations(), policy);
  } catch (fault) {
    say({ kind: "failed", message: fault instanceof Error ? fault.message : String(fault) });
    return "missing";
  }
}

/** Installs the filter on this thread and reports its descriptor; false, with the reason, if the kernel refuses it. */
function filtered(block: ControlBlock, noNewPrivileges: boolean, say: (message: LaunchMessage) => void): boolean {
  try {
    publish(block, cells.listener, installFilter(noNewPrivileges));
    return true;
  } catch (fault) {
    say({ kind: "failed", message: fault instanceof Error ? fault.message : String(fault) });
    return false;
  }
}

/** This launch will have neither a listener nor a workload. */
function gaveUp(block: ControlBlock): void {
  publish(block, cells.workload, -1);
  publish(block, cells.listener, -1);
}

/** A message that was sent before this thread was told to begin. */
function received<T>(port: MessagePort): T {
  return (receiveMessageOnPort(port) as { message: T }).message;
}

run(workerData as LaunchThreadData);
// Ends this thread, and with it the last holder of the filter that is not the workload.
process.exit(0);
