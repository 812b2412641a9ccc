/** What is said about the departures that a contour must be expected to have. */
import type { Estimate } from "@isoline/core/evidence";
import { IsolineError } from "@isoline/core/error";
import { estimate } from "../../library/confidence.ts";
import { note } from "./streams.ts";
import { counted, harmless } from "./wording.ts";

/** `12 %`, and `0.4 %` where whole numbers would say nothing. */
export function percent(share: number): string {
  const hundredths = share * 100;
  return `${hundredths > 0 && hundredths < 1 ? hundredths.toFixed(1) : Math.round(hundredths)} %`;
}

/** `3 of 16 runs did something that no other run did: expect a departure in about 19 % of further runs, in at most 42 % (95 %)` */
export function estimateText(found: Estimate): string {
  const { departing, trials, way, rests } = found;
  const which = `${way === "alone" ? "" : "the later "}${counted(trials, "run")}${rests === "clean" ? " from a clean start" : ""}`;
  const others = way === "alone" ? "that no other run did" : "that no run of the earlier half had done";
  return `${departing === 0 ? "none" : departing} of ${which} did something ${others}: expect a departure in ${shareText(found)}`;
}

/** `about 19 % of further runs, in at most 42 % (95 %)` */
export function shareText({ departing, expected, bound }: Estimate): string {
  const most = `at most ${percent(bound)}`;
  return departing === 0
    ? `${most} of further runs (95 %)`
    : `about ${percent(expected)} of further runs, in ${most} (95 %)`;
}

/** After a run was added to a contour: one line. */
export function sayEstimate(file: string): void {
  const found = estimateIn(file);
  if (found !== undefined) note(`${estimateText(found)}; isoline confidence ${harmless(file)} says why`);
}

/** None of five runs leaves room for 45 %, at 95 %; of fewer, for more than half: then no share is told (docs/learning.md). */
const FEWEST_TRIALS = 5;

/** Beside a departure: how much of a surprise it is. */
export function sayExpectation(file: string): void {
  const found = estimateIn(file);
  if (found === undefined) return;
  const { departing, expected, bound, trials } = found;
  if (trials === 1)
    return note(
      `this contour is from one run, so how much runs differ is not known: isoline learn --merge -o ${harmless(file)}`,
    );
  if (trials < FEWEST_TRIALS)
    return note(
      `too few runs to say how often this contour departs (${counted(trials, "run")}): isoline learn --merge -o ${harmless(file)}`,
    );
  const about = departing === 0 ? "" : `about ${percent(expected)} of runs, in `;
  note(
    `this contour was expected to depart in ${about}at most ${percent(bound)}${about === "" ? " of runs" : ""} (95 %, from ${counted(trials, "run")})`,
  );
}

/** Evidence that is damaged must not change how a run comes out. */
function estimateIn(file: string): Estimate | undefined {
  try {
    return estimate(file);
  } catch (fault) {
    if (!(fault instanceof IsolineError)) throw fault;
    note(`no estimate of departures: ${harmless(fault.message)}`);
    return undefined;
  }
}
