/** Numbers and times as readers see them. */

/** 12 345, with thin gaps that do not break. A value that is not a number is a dash. */
export function count(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  return String(Math.trunc(value)).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}

/** `1 node`, `2 nodes`. */
export const counted = (value: number, one: string, several = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : several}`;

const steps: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
];

/** `3 min ago`, `in 20 s`; undefined where the text is no time. */
export function ago(at: string, now: number): string | undefined {
  const time = Date.parse(at);
  if (Number.isNaN(time)) return undefined;
  const seconds = Math.round((now - time) / 1000);
  const [length, unit] = steps.find(([least]) => Math.abs(seconds) >= least) ?? [1, "s"];
  const amount = `${Math.floor(Math.abs(seconds) / length)} ${unit}`;
  // Clocks differ a little, and the page's own moves in steps.
  if (seconds < 2 && seconds > -6) return "now";
  return seconds < 0 ? `in ${amount}` : `${amount} ago`;
}

/** `2026-11-27 00:48:16 UTC`; undefined where the text is no time. */
export function exact(at: string): string | undefined {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? undefined : `${time.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
