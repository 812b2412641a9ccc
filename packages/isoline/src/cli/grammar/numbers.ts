/** A share on the command line: `5%`, `5 %` or `0.05`. */
import { InvalidArgumentError } from "commander";

export function share(text: string): number {
  const [, digits, sign] = /^(\d{1,3}(?:\.\d{1,6})?)\s?(%?)$/.exec(text) ?? [];
  const value = Number(digits) / (sign === "%" ? 100 : 1);
  if (value > 0 && value < 1) return value;
  throw new InvalidArgumentError(
    `expected a share between 0 and 1, as 5% or 0.05, got ${JSON.stringify(text.slice(0, 40))}.`,
  );
}

/** At most: a run takes a second, and a day has fewer. */
const MOST_RUNS = 10_000;

/** A number of runs. */
export function runCount(text: string): number {
  const runs = Number(text);
  if (/^\d+$/.test(text) && runs >= 1 && runs <= MOST_RUNS) return runs;
  throw new InvalidArgumentError(
    `expected a number of runs from 1 to ${MOST_RUNS}, got ${JSON.stringify(text.slice(0, 40))}.`,
  );
}

/** No longer than a day. */
const MOST_MINUTES = 1440;

/** A number of minutes. */
export function minutes(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= MOST_MINUTES) return number;
  throw new InvalidArgumentError(
    `expected a number of minutes from 0 to ${MOST_MINUTES}, got ${JSON.stringify(text.slice(0, 40))}.`,
  );
}
