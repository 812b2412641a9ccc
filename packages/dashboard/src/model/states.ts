/** The verdicts of a fleet: their words, and a mark for each that is told apart by its shape alone. */
import type { State } from "@isoline/verifier";

/** Worst first. */
export const states = [
  "contraindicated",
  "revoked",
  "unverifiable",
  "stale",
  "unknown",
  "affirming",
] as const satisfies readonly State[];

export const meanings: Readonly<Record<State, string>> = {
  affirming: "is what it should be",
  contraindicated: "something bad is proven",
  unverifiable: "nothing is proven",
  stale: "no evidence in time",
  revoked: "taken out of the fleet",
  unknown: "not yet appraised",
};

/** A state that this page does not know counts as unknown, never as good. */
export function stateOf(said: unknown): State {
  return states.find((state) => state === said) ?? "unknown";
}

/** What a change led to, in a word: a node that is gone has no verdict. */
export const wordOf = (to: string): string => (to === "gone" ? to : stateOf(to));

export const severity = (state: State): number => states.length - states.indexOf(state);

/** A mark in a box of 16 × 16, for SVG and canvas alike. */
export interface Mark {
  readonly shape: string;
  readonly filled: boolean;
  readonly glyph: string;
}

export const marks: Readonly<Record<State, Mark>> = {
  affirming: {
    shape: "M3.5 1.5h9a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-9a2 2 0 0 1-2-2v-9a2 2 0 0 1 2-2z",
    filled: true,
    glyph: "M4.7 8.4l2.3 2.3 4.4-4.9",
  },
  contraindicated: { shape: "M8 .6L15.4 8 8 15.4.6 8z", filled: true, glyph: "M5.7 5.7l4.6 4.6M10.3 5.7l-4.6 4.6" },
  unverifiable: { shape: "M8 1.2L15.4 14.6H.6z", filled: true, glyph: "M8 6v4M8 12.3v.2" },
  stale: { shape: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z", filled: false, glyph: "M8 4.5V8l2.5 1.6" },
  revoked: { shape: "M8 1.2a6.8 6.8 0 1 0 0 13.6A6.8 6.8 0 0 0 8 1.2z", filled: true, glyph: "M4.5 8h7" },
  unknown: { shape: "M3 3h10v10H3z", filled: false, glyph: "M8 8v.01" },
};
