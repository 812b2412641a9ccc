/**
 * What crosses a wire, as JSON in frames. A sensor sends notes, which have no answer, and with them at most one question; the engine
 * sends nothing but the answer to it. docs/spec/wire.md
 */
import type {
  Consequence,
  ContentChange,
  ContentRemark,
  DepartureClass,
  Mode,
  Move,
  Tally,
  TrustCause,
} from "@isoline/core/engine";
import type { Digest } from "@isoline/core/digest";
import type { CoreErrorCode } from "@isoline/core/error";
import type { Task } from "@isoline/core/identity";

/** What happened in the namespace, in the order in which it happened. */
export type Note =
  | readonly ["born", process: number, parent: number]
  | readonly ["died", process: number]
  | readonly ["distrust", process: number, reason: TrustCause["reason"], what: string]
  /** A known event again, by the value that its verdict said to remember. */
  | readonly ["repeat", known: number, process: number, sequence: number, count: number]
  /** The same, where only the counters change. */
  | readonly ["unseen", known: number, count: number]
  | readonly ["gap", reason: string, count: number]
  | readonly ["loss", reason: string, count: number, process: number | null]
  /** An event that has no encoding. */
  | readonly ["misunderstood", code: CoreErrorCode, process: number, isKept: boolean];

/** What a sensor knows of an event beside the event itself. */
export interface ToldCircumstances {
  readonly sequence: number;
  readonly process: number;
  readonly pid: number;
  readonly chain: readonly string[];
  /** The id of the task, which crosses itself once in a session. */
  readonly task?: Digest;
  readonly introduces?: Task;
  readonly guessedLineage?: true;
  readonly content?: readonly ContentRemark[];
  readonly isKept?: true;
}

export interface ToldVerdict {
  readonly verdict: "on" | "off" | "lost";
  readonly refuse: boolean;
  readonly known: number;
  readonly reaction?: "freeze" | "kill";
  /** Why an event is lost. */
  readonly code?: CoreErrorCode;
  /** Points of the contour now. */
  readonly points: number;
}

/** What is true of the whole namespace. */
export interface Facts {
  readonly profile: string;
  /** Digest of the policy. */
  readonly policy: string;
  readonly points: number;
  readonly state: string;
  readonly measurement: string;
  readonly tally: Tally;
}

export interface ToldBond {
  readonly challenge: Digest;
  readonly aggregate: Digest;
}

export interface ToldPortable {
  readonly state: Digest;
  readonly measurement: Digest;
  readonly points: number;
  readonly bound: Digest | null;
}

/** What the contour says of one departure. */
export interface ToldDeparture {
  readonly point: string;
  readonly why: string;
  readonly consequence: Consequence;
  readonly class: DepartureClass;
  readonly changed: readonly ContentChange[];
  readonly renamed: readonly Move[];
  /** Whether its task is neither on the contour nor told by a departure before it. */
  readonly isNewTask: boolean;
}

export interface ToldExplanation {
  readonly consequence: Consequence;
  readonly why: string;
}

/** By the name of a question: what is asked with it, and the answer. */
export interface Questions {
  /** Begins a namespace: a contour of so many bytes follows, or a new one begins under this policy. */
  open: { with: { readonly mode: Mode; readonly policy: string | null; readonly bytes: number }; answer: object };
  /** The next piece of the contour, in base64. */
  piece: { with: { readonly content: string }; answer: object };
  /** The contour is whole. */
  begin: { with: object; answer: Facts };
  judge: { with: { readonly event: string; readonly seen: ToldCircumstances }; answer: ToldVerdict };
  /** Whether an event is on the contour; decides nothing. */
  "is-on": { with: { readonly event: string }; answer: { readonly isOn: boolean } };
  explain: { with: { readonly event: string; readonly seen: ToldCircumstances }; answer: ToldExplanation };
  /** Departures from an index on, as many as one frame takes, and none after the last. */
  departures: { with: { readonly from: number }; answer: { readonly departures: readonly ToldDeparture[] } };
  facts: { with: object; answer: Facts };
  seal: { with: object; answer: Facts };
  /** Digests of the points under neither aggregate nor base, and bound to a challenge and an aggregate if there are any. */
  portable: { with: { readonly binds: ToldBond | null }; answer: ToldPortable };
  /** The contour as it is now, in pieces in base64; the first question for it fixes what "now" is. */
  contour: { with: { readonly from: number }; answer: { readonly content: string; readonly isLast: boolean } };
  /** How often this run saw each point, of the contour that was fetched last. */
  occurrences: {
    with: { readonly from: number };
    answer: { readonly counts: readonly (readonly [point: string, count: number])[]; readonly isLast: boolean };
  };
}

export type QuestionName = keyof Questions;
export type QuestionOf<N extends QuestionName> = { readonly [K in N]: { readonly ask: K } & Questions[K]["with"] }[N];
export type Question = QuestionOf<QuestionName>;
export type AnswerTo<N extends QuestionName> = Questions[N]["answer"];

/** One frame of a sensor. */
export interface Told {
  readonly notes: readonly Note[];
  readonly question?: Question;
}

/** One frame of an engine. */
export type Answered = { readonly answer: object } | { readonly refused: string };

/** Bytes of a contour in one piece, and the most of a contour. */
export const PIECE_BYTES = 512 * 1024;
export const MOST_CONTOUR = 256 * 1024 * 1024;
export const MOST_NOTES = 65_536;
export const MOST_CHAIN = 65_536;
/** Characters of what is told of one event: more is not sent, and the event counts as lost. */
export const MOST_SEEN = 384 * 1024;
export const MOST_REMARKS = 1024;
