/** How urgently the thread that answers is run. */
import { setNice } from "../../abi/libc.ts";

/** The lowest nice value (sched(7)). */
const MOST_URGENT = -20;

/**
 * Every stopped task waits for this thread, and until it has received a call any signal makes that call fail with EINTR. So it runs with
 * the highest priority if it may (root), otherwise with its own.
 */
export function serveUrgently(): void {
  setNice(MOST_URGENT);
}
