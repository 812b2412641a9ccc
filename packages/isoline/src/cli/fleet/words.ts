/** What a verifier tells, as words for a terminal. Every text of it is from outside: escaped, and cut. */
import { escapeText } from "@isoline/core/event";
import type { ChangedTo, State } from "../../fleet/model.ts";
import { status } from "../ending.ts";
import { type Paint, paint } from "../output/paint.ts";
import { harmless } from "../output/wording.ts";

const colours: Readonly<Record<ChangedTo, Paint>> = {
  affirming: "green",
  contraindicated: "red",
  revoked: "red",
  unverifiable: "yellow",
  stale: "yellow",
  unknown: "dim",
  gone: "dim",
};

export const stateText = (state: ChangedTo): string => paint(colours[state], state);

/** A text from outside, at most so many letters. Spaces in a row, which would look like the end of a column, are escaped. */
export function shown(text: string | undefined, most = 200): string {
  if (text === undefined || text === "") return "-";
  return cut(
    harmless(text).replace(/ {2,}/g, (run) => SPACE.repeat(run.length)),
    most,
  );
}

/** A text from outside that is one word to the eye and to awk: what a node calls itself and its canisters must not fill other columns. */
export function shownWord(text: string | undefined, most = 200): string {
  return text === undefined || text === "" ? "-" : cut(escapeText(text), most);
}

const SPACE = "\\x20";

const cut = (whole: string, most: number): string => (whole.length <= most ? whole : `${whole.slice(0, most - 1)}…`);

/** `off-contour: expected no departure, got 1; …` */
export function whyText(
  { failure, why }: { readonly failure?: string | undefined; readonly why?: string | undefined },
  most = 200,
): string {
  if (failure === undefined) return shown(why, most);
  return shown(why === undefined ? failure : `${failure}: ${why}`, most);
}

const STEPS = [
  [1, "s", 60],
  [60, "m", 60],
  [3600, "h", 48],
  [86_400, "d", Number.POSITIVE_INFINITY],
] as const;

/** How long ago, as kubectl has it: `12s`, `3m`, `5h`, `9d`; a moment that is to come as `in 12s`. */
export function ageText(time: string | undefined, now = Date.now()): string {
  if (time === undefined) return "-";
  const seconds = Math.round((now - Date.parse(time)) / 1000);
  const size = Math.abs(seconds);
  const [step, unit] = STEPS.find(([one, , most]) => size < one * most) ?? STEPS[3];
  return `${seconds < 0 ? "in " : ""}${Math.floor(size / step)}${unit}`;
}

/** The exit status that a verdict is worth, as for `attest verify`. */
export function statusOf(state: State): number {
  switch (state) {
    case "affirming":
      return status.success;
    case "contraindicated":
    case "revoked":
      return status.offContour;
    case "unverifiable":
    case "stale":
    case "unknown":
      return status.incomplete;
  }
}
