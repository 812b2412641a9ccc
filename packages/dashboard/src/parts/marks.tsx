/** Marks of verdicts and of checks. Each has a shape and a word; colour only adds to them. */
import type { State } from "@isoline/verifier";
import type { JSX } from "preact";
import type { Outcome } from "../model/chain.ts";
import { marks, meanings, stateOf } from "../model/states.ts";

export function StateMark({ state, size = 16 }: { readonly state: State; readonly size?: number }): JSX.Element {
  const { shape, filled, glyph } = marks[state];
  return (
    <svg
      class={`mark ${state} ${filled ? "filled" : "hollow"}`}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      aria-hidden="true"
    >
      <path class="shape" d={shape} />
      <path class="glyph" d={glyph} />
    </svg>
  );
}

/** The mark with its word, and the class of the failure where there is one. */
export function Verdict(props: {
  readonly state: string;
  readonly failure?: string | undefined;
  readonly large?: boolean;
}) {
  const state = stateOf(props.state);
  return (
    <span class={`verdict ${state}${props.large ? " large" : ""}`} title={meanings[state]}>
      <StateMark state={state} size={props.large ? 22 : 16} />
      <span class="word">{state}</span>
      {props.failure !== undefined && props.failure !== state && <span class="failure">{props.failure}</span>}
    </span>
  );
}

const outcomes: Readonly<Record<Outcome, { readonly word: string; readonly path: string }>> = {
  passed: { word: "passed", path: "M3.5 8.5l3 3 6-7" },
  warned: { word: "warned", path: "M8 3v6M8 12.5v.1" },
  failed: { word: "failed", path: "M4 4l8 8M12 4l-8 8" },
  unmade: { word: "not made", path: "M5 8h6" },
  unreached: { word: "not reached", path: "M4 8h1.5M7.3 8h1.5M10.6 8h1.5" },
};

export const outcomeWord = (outcome: Outcome): string => outcomes[outcome].word;

export function OutcomeMark({ outcome }: { readonly outcome: Outcome }): JSX.Element {
  return (
    <svg class={`outcome ${outcome}`} width="22" height="22" viewBox="-3 -3 22 22" aria-hidden="true">
      <circle cx="8" cy="8" r="10" />
      <path d={outcomes[outcome].path} />
    </svg>
  );
}
