/** How long to wait: longer after each failure, and never all nodes at once. */
import { randomInt } from "node:crypto";

const FIRST_SECONDS = 1;
const MOST_SECONDS = 60;

/** Milliseconds before the next attempt: a random share of 1, 2, 4, … 60 seconds, of which half is certain. */
export function backOff(failures: number, atLeastSeconds = 0): number {
  const most = Math.min(MOST_SECONDS, FIRST_SECONDS * 2 ** Math.min(failures - 1, 20)) * 1000;
  return Math.max(atLeastSeconds * 1000, most / 2) + randomInt(Math.ceil(most / 2));
}

/** Waits, or until the signal. Never rejects. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    signal?.addEventListener("abort", over);
  });
}
