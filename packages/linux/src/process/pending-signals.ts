/** Whether a signal is pending for a thread that the supervisor keeps waiting: the signal would interrupt the call. */
import { readProcFile } from "./proc-file.ts";

/**
 * Whether a pending signal would wake a waiting thread. An ignored signal is never pending; a blocked one wakes no thread. A
 * signal that is pending for the whole process may be taken by another thread; this call is then restarted without need, which
 * the task does not notice.
 */
export function hasSignalPending(tid: number): boolean {
  const status = readProcFile(`/proc/${tid}/status`);
  if (status === undefined) return false;
  const read = (field: string): bigint => {
    const found = status.indexOf(`\n${field}:`);
    const start = found + field.length + 2;
    const text = found < 0 ? "" : status.slice(start, status.indexOf("\n", start)).trim();
    return /^[0-9a-f]{1,16}$/.test(text) ? BigInt(`0x${text}`) : 0n;
  };
  return ((read("SigPnd") | read("ShdPnd")) & ~read("SigBlk")) !== 0n;
}
