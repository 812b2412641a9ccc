/** Time as a verifier sees it: passed in, so that a test says when it passes, and waits for none. */
export interface Time {
  /** Milliseconds by a clock that is never set, and that stands still while the machine is paused. */
  now(): number;
  /** Milliseconds since 1970 by the time of day, which people and other machines set. */
  date(): number;
  /** Acts once, in so many milliseconds, and keeps no process alive for it; what it gives takes the act back. */
  after(ms: number, act: () => void): () => void;
}

export const machineTime: Time = {
  now: () => performance.now(),
  date: () => Date.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms).unref();
    return () => clearTimeout(timer);
  },
};
