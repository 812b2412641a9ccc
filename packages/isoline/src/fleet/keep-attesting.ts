/** A node's loop in a process that has other work: it goes on whatever fails, a file that an upgrade replaces at that moment, or a bug. */
import { type AttestingOrder, attestToFleet } from "./attesting.ts";
import { backOff, sleep } from "./patience.ts";

/** After as long without a fault the next one is the first again. */
const QUIET_MS = 5 * 60_000;

/** Attests until the signal. `onFault` is told what the loop could not bear, and the seconds until it begins again. */
export async function keepAttesting(
  order: AttestingOrder,
  onFault: (fault: unknown, seconds: number) => void,
): Promise<void> {
  const { signal } = order;
  for (let faults = 0; !signal.aborted; ) {
    const began = performance.now();
    try {
      await attestToFleet(order);
    } catch (fault) {
      faults = performance.now() - began > QUIET_MS ? 1 : faults + 1;
      const ms = backOff(faults);
      onFault(fault, Math.ceil(ms / 1000));
      await sleep(ms, signal);
    }
  }
}
