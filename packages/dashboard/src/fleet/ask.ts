/** One question to the verifier for one view: loading, loaded or failed; asked again when something changed. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Change } from "@isoline/verifier";
import { sayFault } from "../wire/fault.ts";
import { changed } from "./fleet.ts";

export interface Asked<T> {
  readonly value: T | undefined;
  readonly fault: string | undefined;
}

/**
 * @param key a new key is a new question
 * @param concerns whether a change makes the answer old
 */
export function useAnswer<T>(
  key: string,
  ask: (ending: AbortSignal) => Promise<T>,
  concerns: (change: Change) => boolean = () => false,
): Asked<T> {
  const answer = useSignal<Asked<T>>({ value: undefined, fault: undefined });
  useEffect(() => {
    const ending = new AbortController();
    let asking = false;
    let again = false;
    answer.value = { value: undefined, fault: undefined };
    const load = async () => {
      if (asking) return void (again = true);
      asking = true;
      try {
        answer.value = { value: await ask(ending.signal), fault: undefined };
      } catch (fault) {
        if (!ending.signal.aborted) answer.value = { value: answer.peek().value, fault: sayFault(fault) };
      }
      asking = false;
      if (again && !ending.signal.aborted) {
        again = false;
        void load();
      }
    };
    void load();
    let first = true;
    const stop = changed.subscribe((changes) => {
      if (!first && changes.some(concerns)) void load();
      first = false;
    });
    return () => {
      stop();
      ending.abort();
    };
  }, [key]);
  return answer.value;
}
