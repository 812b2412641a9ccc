/** Probes seccomp user notification: whether a listener can be installed, and which of its features the kernel has. */
import { Worker } from "node:worker_threads";
import { EBUSY, EFAULT } from "../abi/errno.ts";
import { seccomp } from "../abi/libc.ts";
import {
  SECCOMP_FILTER_FLAG_NEW_LISTENER,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
  SECCOMP_RET_USER_NOTIF,
  SECCOMP_SET_MODE_FILTER,
} from "../abi/seccomp.ts";
import type { ListenerReport } from "./listener-thread.ts";
import type { Probe } from "./probe.ts";

/** The results: errno or 0 of each; `listener` may also say why it could not be tested. */
export interface Notification {
  readonly action: number;
  readonly listener: ListenerReport | { readonly untried: string };
  readonly waitKillable: boolean;
}

const SECCOMP_GET_ACTION_AVAIL = 2;

export async function tryNotification(): Promise<Notification> {
  const action = Buffer.alloc(4);
  action.writeUInt32LE(SECCOMP_RET_USER_NOTIF, 0);
  // Without a program the kernel answers EFAULT, but only to flags that it knows: nothing is installed.
  const flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  return {
    action: Math.max(0, -seccomp(SECCOMP_GET_ACTION_AVAIL, 0, action)),
    listener: await listenerReport(),
    waitKillable: seccomp(SECCOMP_SET_MODE_FILTER, flags, null) === -EFAULT,
  };
}

/** Resolves once the thread, and its filter with it, has ended. */
function listenerReport(): Promise<Notification["listener"]> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL("./listener-thread.js", import.meta.url), { stdout: true, stderr: true });
    let heard: Notification["listener"] = { untried: "its thread ended without a result" };
    worker.on("message", (report: ListenerReport) => {
      heard = report;
    });
    worker.on("error", (fault) => {
      heard = { untried: fault.message };
    });
    worker.on("exit", () => resolve(heard));
  });
}

export function probeNotification(found: Notification): readonly Probe[] {
  return [listener(found), syncWakeUp(found), waitKillable(found)];
}

function listener({ action, listener: report }: Notification): Probe {
  const fact = {
    part: "seccomp",
    name: "user notification",
    required: true,
    needs: "Linux 5.9, and no seccomp listener on this process",
  } as const;
  if (action !== 0) {
    return {
      ...fact,
      works: false,
      detail: `the kernel does not have it (errno ${action})`,
      fix: "run a newer kernel, built with CONFIG_SECCOMP_FILTER",
    };
  }
  if ("untried" in report) return { ...fact, works: false, detail: `could not be tested: ${report.untried}` };
  if (report.listener === 0) return { ...fact, works: true, detail: "a listener was installed and released" };
  if (report.listener === EBUSY) {
    return {
      ...fact,
      works: false,
      detail:
        "this process runs under a listener already, of another isoline or of a container runtime, and a task tree can have only one",
      fix: "run isoline outside it",
    };
  }
  return {
    ...fact,
    works: false,
    detail: `the kernel refused a listener (errno ${report.listener})`,
    fix: "check whether a container's seccomp profile forbids seccomp(2)",
  };
}

function syncWakeUp({ listener: report }: Notification): Probe {
  const works = !("untried" in report) && report.syncWakeUp === 0;
  return {
    part: "seccomp",
    name: "quick hand-over (SYNC_WAKE_UP)",
    works,
    required: false,
    detail: works ? "a decision costs a few microseconds" : "a decision costs several times as much",
    needs: "Linux 6.6",
  };
}

function waitKillable({ waitKillable: works }: Notification): Probe {
  return {
    part: "seccomp",
    name: "undisturbed decisions (WAIT_KILLABLE_RECV)",
    works,
    required: false,
    detail: works
      ? "signals wait until a call is decided"
      : "a signal interrupts a call that is being decided, which is then decided anew",
    needs: "Linux 5.19",
  };
}
