/** One question to the verifier for one view: loading, loaded or failed; asked again when the answer may be old. */
import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Change } from "@isoline/verifier";
import { Fault, sayFault } from "../wire/fault.ts";
import { backOff } from "../wire/request.ts";
import { changed, opened } from "./fleet.ts";

/** Milliseconds between an answer and the next question; those that keep an answer fresh have chance added. */
const APART = 1_000;
const FRESH = 15_000;

export interface Asked<T> {
  /** The latest answer; with a fault it is older than that. */
  readonly value: T | undefined;
  readonly fault: string | undefined;
  /** Whether the verifier said that there is no such thing; `was`: and there was one while the view was open. */
  readonly missing?: "never" | "was" | undefined;
}

/** What makes an answer old. */
interface Aging {
  /** Whether a change does. */
  readonly concerns?: (change: Change) => boolean;
  /** Whether time does, since no change tells of all that is in it. Then it is asked again each 15 to 20 s, while the page is visible. */
  readonly withTime?: boolean;
  /** Milliseconds between an answer and the next question, at least. */
  readonly apart?: number;
}

/** Milliseconds between two readings of a list of canisters: it may take many requests, and of many some change all the time. */
export const LISTS_APART = 15_000;

type Ask<T> = (ending: AbortSignal) => Promise<T>;

const NOTHING = { value: undefined, fault: undefined } as const;

/**
 * Asks, and asks again: when the stream of changes was opened or reset, since changes may have been missed; when a change makes the answer
 * old; and after a failure, with a pause that grows to 30 s.
 * @param key a new key is a new question
 */
export function useAnswer<T>(key: string, ask: Ask<T>, aging: Aging = {}): Asked<T> {
  const answer = useSignal<Asked<T>>(NOTHING);
  useEffect(() => keepAsking(answer, ask, aging), [key]);
  return answer.value;
}

/** Gives what ends it. */
function keepAsking<T>(answer: Signal<Asked<T>>, ask: Ask<T>, { concerns, withTime, apart = APART }: Aging) {
  const ending = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking = false;
  /** Whether the answer is known to be old, also while the page is hidden. */
  let isOld = false;
  let isDue = false;
  let failures = 0;
  let notBefore = 0;
  answer.value = NOTHING;

  const load = async () => {
    clearTimeout(timer);
    [asking, isOld, isDue] = [true, false, false];
    const next = await ask(ending.signal).then(
      (value): Asked<T> => ({ value, fault: undefined }),
      (fault: unknown) => afterFault(fault, answer.peek()),
    );
    if (ending.signal.aborted) return;
    answer.value = next;
    asking = false;
    failures = next.fault === undefined ? 0 : failures + 1;
    const pause = failures === 0 ? apart : backOff(failures) * 1000;
    notBefore = performance.now() + pause;
    if (isOld || failures > 0) plan(pause);
    else if (withTime) plan(FRESH + (Math.random() * FRESH) / 3);
  };
  const plan = (wait: number) => {
    clearTimeout(timer);
    timer = setTimeout(due, Math.max(0, wait));
  };
  const due = () => {
    if (isOld || document.visibilityState === "visible") void load();
    else isDue = true;
  };
  const onVisible = () => {
    if (isDue && document.visibilityState === "visible") void load();
  };
  const makeOld = () => {
    isOld = true;
    if (!asking) plan(notBefore - performance.now());
  };

  void load();
  const stops = [
    changed.subscribe(butFirst((changes) => changes.some((change) => concerns?.(change)) && makeOld())),
    opened.subscribe(
      butFirst(() => {
        // The verifier is there, so what failed need not wait.
        if (failures > 0) notBefore = 0;
        makeOld();
      }),
    ),
  ];
  document.addEventListener("visibilitychange", onVisible);
  return () => {
    for (const stop of stops) stop();
    document.removeEventListener("visibilitychange", onVisible);
    clearTimeout(timer);
    ending.abort();
  };
}

/** What is no more is shown no more; where the verifier did not say so, the answer from before stays, as an old one. */
function afterFault<T>(fault: unknown, { value, missing }: Asked<T>): Asked<T> {
  const said = sayFault(fault);
  if (!(fault instanceof Fault) || fault.kind !== "missing") return { value, fault: said };
  return { value: undefined, fault: said, missing: value === undefined ? (missing ?? "never") : "was" };
}

/** A subscriber is called at once with what is there already. */
function butFirst<T>(hear: (value: T) => unknown): (value: T) => void {
  let isFirst = true;
  return (value) => {
    if (!isFirst) hear(value);
    isFirst = false;
  };
}
