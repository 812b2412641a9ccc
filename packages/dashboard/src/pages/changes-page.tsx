/** What changed, the latest first. */
import type { Change } from "@isoline/verifier";
import type { JSX } from "preact";
import { changesSeen, latest } from "../fleet/fleet.ts";
import { StateMark } from "../parts/marks.tsx";
import { Ago, Said } from "../parts/said.tsx";
import { stateOf, wordOf } from "../model/states.ts";
import { toCanister, toNode } from "../place/route.ts";
import { count, counted } from "../text/amounts.ts";

export function ChangesPage(): JSX.Element {
  const { length } = latest.value;
  return (
    <>
      <h1 tabIndex={-1}>Changes</h1>
      <p class="faint">
        {counted(changesSeen.value, "change")} of verdicts since this page was opened
        {changesSeen.value > length && `; the latest ${count(length)} are here, and the verifier's log has all`}.
      </p>
      <ChangeList all={latest.value} />
    </>
  );
}

export function LatestChanges({ most }: { readonly most: number }): JSX.Element {
  return (
    <div class="latest">
      <h2>
        Latest changes <a href="#/changes">all</a>
      </h2>
      <ChangeList all={latest.value.slice(0, most)} />
    </div>
  );
}

function ChangeList({ all }: { readonly all: readonly Change[] }): JSX.Element {
  if (all.length === 0) return <p class="nothing">No verdict has changed since this page was opened.</p>;
  return (
    <ol class="changes">
      {all.map(({ at, node, label, from, to, failure, why }) => (
        <li>
          <span class="turn">
            <StateMark state={stateOf(from)} size={13} />
            <span aria-hidden="true">→</span>
            <StateMark state={stateOf(to)} size={16} />
          </span>
          <span class="what">
            <a href={label === undefined ? toNode(node) : toCanister(node, label)}>
              {label !== undefined && (
                <>
                  <Said text={label} most={80} /> on{" "}
                </>
              )}
              <Said text={node} most={80} />
            </a>{" "}
            <span class={`word ${stateOf(to)}`}>{wordOf(to)}</span> <Ago at={at} />
          </span>
          {(why !== undefined || failure !== undefined) && (
            <p>
              {failure !== undefined && <span class="failure">{failure}</span>} <Said text={why} most={240} />
            </p>
          )}
        </li>
      ))}
    </ol>
  );
}
