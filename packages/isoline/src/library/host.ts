/** The process that has runs: what their workloads inherit of it, and whether it stands in for one of them. */
import type { Entry } from "../namespace/entry.ts";
import type { EndedDepartures } from "../namespace/ended-departures.ts";
import type { Crew } from "../namespace/crew.ts";

export interface Host {
  readonly entry: Entry;
  /** Threads that were started ahead. */
  readonly threads?: Crew | undefined;
  /** Whether signals to this process are for the workload, and it stops when the workload stops. */
  readonly standsIn: boolean;
  /** Where the departures of a namespace are kept for its report. */
  readonly departures?: EndedDepartures;
}

/** Variables of an environment by name; what is undefined is not in it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A program that has runs beside other things it does. */
export function thisProcess(environment: Environment = process.env): Host {
  const variables = Object.entries(environment).flatMap(([name, value]) =>
    value === undefined ? [] : [Buffer.from(`${name}=${value}`)],
  );
  const none = Buffer.alloc(8);
  const entry = { environment: variables, blocked: none, ignored: none, openFiles: undefined, open: [0, 1, 2] };
  return { entry, standsIn: false };
}
