/** Examines a copy of a log for what a fleet should not state. How far findings were said is kept beside the copy. */
import { type Finding, FleetMonitor } from "@isoline/log/monitor";
import { entriesAt, TILE_WIDTH } from "@isoline/log/tiles";
import type { LogStore } from "@isoline/log/writer";
import { CliError } from "../error.ts";
import type { ReviewedContours } from "./review.ts";

/** The number of entries whose findings were said, in decimal. */
const EXAMINED = "examined";

export interface Examined {
  /** In entries that are new, and what is missing now. */
  readonly findings: readonly Finding[];
  /** How many there are in entries that were examined before. */
  readonly earlier: number;
}

/** Examines the first `size` entries; `all`: those are said again that were said before. `now` is in milliseconds since 1970. */
export function examine(store: LogStore, size: number, review: ReviewedContours, all: boolean, now: number): Examined {
  const from = all ? 0 : examinedIn(store);
  // A signature may stand behind the contour that it is for.
  for (const [, bytes] of entriesOf(store, size)) review.sees(bytes);
  const monitor = new FleetMonitor(review, now);
  const findings: Finding[] = [];
  let earlier = 0;
  for (const [entry, bytes] of entriesOf(store, size)) {
    const found = monitor.see(entry, bytes);
    if (entry < from) earlier += found.length;
    else findings.push(...found);
  }
  return { findings: [...findings, ...monitor.overdue()], earlier };
}

/** To be called once the findings were said: what was not said is said again. */
export function remember(store: LogStore, size: number): void {
  store.write(EXAMINED, Buffer.from(`${size}\n`));
  store.settle();
}

function examinedIn(store: LogStore): number {
  const text = Buffer.from(store.read(EXAMINED) ?? "0\n").toString("latin1");
  if (!/^(?:0|[1-9]\d{0,14})\n$/.test(text))
    throw new CliError(
      "cannot-read",
      "the file examined of the copy: expected a number, got other bytes; remove the file",
    );
  return Number(text);
}

function* entriesOf(store: LogStore, size: number): Generator<readonly [number, Uint8Array]> {
  for (let place = 0; place * TILE_WIDTH < size; place++) {
    const bundle = entriesAt(store.read, size, place);
    for (const [at, bytes] of bundle.entries()) yield [place * TILE_WIDTH + at, bytes];
  }
}
