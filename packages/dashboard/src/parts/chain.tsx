/** The chain from hardware to canister: stage by stage, each check with what it asks and why it did not pass. */
import type { JSX } from "preact";
import { type Stage, worstOf } from "../model/chain.ts";
import { OutcomeMark, outcomeWord } from "./marks.tsx";
import { Said } from "./said.tsx";

/** `earlier`: the checks are older than the verdict. What they found then is told, and in no colour that says that it is so now. */
export function Chain({
  stages,
  label,
  earlier = false,
}: {
  readonly stages: readonly Stage[];
  readonly label: string;
  readonly earlier?: boolean;
}): JSX.Element {
  return (
    <ol class={earlier ? "chain earlier" : "chain"} aria-label={label}>
      {stages.map(({ title, says, steps }) => {
        const worst = worstOf(steps);
        return (
          <li class={`stage ${worst}`}>
            <h3>
              <OutcomeMark outcome={worst} />
              <span>{title}</span>
              <small>{says}</small>
              <span class="word">{outcomeWord(worst)}</span>
            </h3>
            <ul>
              {steps.map(({ name, asks, outcome, failure, why }) => (
                <li class={`check ${outcome}`}>
                  <span class="word">{outcomeWord(outcome)}</span>
                  <span class="name">
                    <Said text={name} most={80} code />
                  </span>
                  <span class="asks">{asks ?? "a check that this page does not know"}</span>
                  {(why !== undefined || failure !== undefined) && (
                    <p class="why">
                      {failure !== undefined && <span class="failure">{failure}</span>} <Said text={why} />
                    </p>
                  )}
                </li>
              ))}
            </ul>
          </li>
        );
      })}
    </ol>
  );
}
