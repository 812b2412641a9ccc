/** How far the verifier's clock is ahead of the browser's, by the `Date` of its answers (RFC 9110, 6.6.1). */
import { signal } from "@preact/signals";

/** An answer says whole seconds, and takes its time: a smaller difference is none. */
const LEAST = 3_000;
/** An answer that took so long does not tell when its date was written. */
const LONGEST = 5_000;

/** Milliseconds; below zero where the verifier's is behind. */
export const ahead = signal(0);

/**
 * Takes in an answer.
 * @param date its `Date`
 * @param asked when it was asked for, and `answered` when its head came, by the browser's clock in milliseconds
 */
export function hearDate(date: string | null, asked: number, answered: number): void {
  const said = Date.parse(date ?? "");
  if (Number.isNaN(said) || answered < asked || answered - asked > LONGEST) return;
  const difference = said + 500 - (asked + answered) / 2;
  // Each answer is some hundred milliseconds off; nothing on the page is to move with that, to zero no more than from there.
  if (Math.abs(difference - ahead.peek()) >= LEAST) ahead.value = Math.abs(difference) < LEAST ? 0 : difference;
}
