/** The processes of a namespace: listed for who asks for the list, and counted for all others. There may be tens of thousands. */
import type { EnginePort } from "@isoline/core/engine";
import type { ActingProcess } from "@isoline/linux";
import type { CountedSnapshot, ProcessReport } from "./live.ts";

type Trust = Pick<EnginePort["trust"], "trustOf">;

export function listed(processes: Iterable<ActingProcess>, trust: Trust, pid?: number): ProcessReport[] {
  const chosen = [...processes].filter((process) => pid === undefined || process.pid === pid);
  return chosen.map(({ pid: own, handle, identity: { chain } }) => {
    const standing = trust.trustOf(handle);
    return { pid: own, chain, trusted: standing.trusted, ...(standing.trusted ? {} : { cause: standing.cause.what }) };
  });
}

export function isAmong(processes: Iterable<ActingProcess>, pid: number): boolean {
  for (const process of processes) if (process.pid === pid) return true;
  return false;
}

export function counted(
  processes: Iterable<ActingProcess>,
  trust: Trust,
): Pick<CountedSnapshot, "processes" | "untrusted"> {
  const counts = { processes: 0, untrusted: 0 };
  for (const { handle } of processes) {
    counts.processes += 1;
    if (!trust.trustOf(handle).trusted) counts.untrusted += 1;
  }
  return counts;
}
