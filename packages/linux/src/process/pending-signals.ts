/**
 * Whether a signal waits for a thread that we keep waiting: the call that it is in would be interrupted by it.
 */
import { readProcFile } from "./proc-file.ts";

/**
 * Whether a thread that waits would be woken by a signal. One that is ignored is never pending; one that is blocked wakes
 * nobody. Of those that are pending for the whole process another thread may be the one that takes it: such a call is
 * restarted in vain, of which the task hears nothing.
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
