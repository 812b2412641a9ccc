/** Whether a task still has its number. */
import { ESRCH } from "../../../abi/errno.ts";
import { pidfdSendSignal } from "../../../abi/libc.ts";
import { startTime } from "../../../process/proc-status.ts";
import type { Process } from "./process.ts";

/** Whether the process still has its number. */
export function isAlive(process: Process): boolean {
  if (process.pidfd >= 0) return answers(process.pidfd);
  return process.started !== undefined && startTime(process.pid) === process.started;
}

/** A reaped task gives ESRCH; a zombie still holds its number, so it counts as alive. */
export function answers(pidfd: number): boolean {
  return pidfdSendSignal(pidfd, 0) !== -ESRCH;
}
