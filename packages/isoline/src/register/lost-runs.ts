/** Runs whose supervisor ended without recording an end, by a crash, a kill or an upgrade: closed in the ledger of this boot. */
import { lstatSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { IsolineError } from "@isoline/core/error";
import { CliError } from "../error.ts";
import { HostRegisters, type SharedLedger } from "./host-registers.ts";
import { lostLives } from "./lives.ts";
import type { TpmPlan } from "./plan.ts";

/** For one answer of the TPM, and for the turn among those who use it. */
const PATIENCE_MS = 2000;
/** Supervisors look every 10 ms whether the ledger is free. */
const LEAST_PAUSE_MS = 25;
/** Codes of faults that the next run would have as well. */
const OF_ALL: readonly string[] = ["tpm-unreachable", "bad-ledger"];

export interface LostRuns {
  readonly closed: number;
  /** Not closed in this time, because of a fault, or because another program looked at it. */
  readonly left: number;
  /** The first one. */
  readonly fault: IsolineError<string> | undefined;
}

/**
 * Closes them one after the other, for so many milliseconds from now. The first is tried in any case: however long what comes before it
 * takes, each call gets on. Between two of them the ledger is free for as long as one took: supervisors may wait for it. One that cannot be
 * closed keeps none of the others open, unless the TPM is away, or the ledger does not fit it. What is left is for the next time.
 */
export async function closeLostRuns(
  plan: TpmPlan,
  ledger: string,
  withinMs: number,
  shared?: SharedLedger,
): Promise<LostRuns> {
  const lost = lstatSync(ledger, { throwIfNoEntry: false }) === undefined ? [] : lostLives(ledger);
  if (lost.length === 0) return { closed: 0, left: 0, fault: undefined };
  const registers = new HostRegisters(plan, PATIENCE_MS, shared);
  const until = performance.now() + withinMs;
  let closed = 0;
  let fault: IsolineError<string> | undefined;
  try {
    for (const [at, life] of lost.entries()) {
      const began = performance.now();
      if (at > 0 && began >= until) break;
      try {
        if (await registers.closeLost(life)) closed += 1;
      } catch (found) {
        const why = faultOf(found, life.path);
        fault ??= why;
        if (OF_ALL.includes(why.code)) break;
      }
      await setTimeout(Math.max(LEAST_PAUSE_MS, performance.now() - began));
    }
    return { closed, left: lost.length - closed, fault };
  } finally {
    registers.close();
  }
}

/** What a file system refuses of one run is a fault of that run alone. */
function faultOf(found: unknown, path: string): IsolineError<string> {
  if (found instanceof IsolineError) return found;
  if (found instanceof Error && "syscall" in found)
    return new CliError("cannot-write", `${path}: ${found.message}; see to the disk of the ledgers`);
  throw found;
}
