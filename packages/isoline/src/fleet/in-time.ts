/** Questions that are asked again when a verifier says that it was asked too often, is not ready, or is not there just now. */
import { CliError } from "../error.ts";
import { backOff, sleep } from "./patience.ts";
import { FleetRefusal } from "./server.ts";

/** Which failures pass, how often they are waited for, and what is told of that. */
export interface Waiting {
  readonly passes: (fault: unknown) => boolean;
  /** So often in all; without end if left out. */
  readonly most?: number;
  /** Before each wait of so many seconds. */
  readonly onWait: (seconds: number, why: string) => void;
}

/** Asks, again and again while a failure passes: as late as the server says, or later after each one. */
export async function inTime<T>(ask: () => Promise<T>, { passes, most, onWait }: Waiting): Promise<T> {
  for (let waits = 0; ; waits++)
    try {
      return await ask();
    } catch (fault) {
      if (!passes(fault) || waits === most) throw fault;
      const told = fault instanceof FleetRefusal ? fault.retryAfter : undefined;
      // Without end, a server that says "at once" would be asked without a pause.
      const least = most === undefined ? 1 : 0;
      const ms = told === undefined ? backOff(waits + 1) : 1000 * Math.max(told, least);
      onWait(Math.ceil(ms / 1000), (fault as Error).message);
      await sleep(ms);
    }
}

/** Whether a failure is of this moment: too many questions, a server that is not ready, or none that answers. */
export function isPassing(fault: unknown): boolean {
  if (fault instanceof FleetRefusal) return fault.status === 429 || fault.status >= 500;
  return fault instanceof CliError && fault.code === "fleet-unreachable";
}
