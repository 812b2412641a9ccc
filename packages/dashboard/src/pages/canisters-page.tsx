/** Every canister of the fleet. */
import type { Canister, CanisterList } from "@isoline/verifier";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { LISTS_APART, useAnswer } from "../fleet/ask.ts";
import { type Counts, totalOf } from "../fleet/counting.ts";
import { parseFilter, passes, toggled } from "../fleet/filter.ts";
import { loadAll } from "../fleet/load.ts";
import { stateOf, states } from "../model/states.ts";
import { FilterLine } from "../parts/filter-line.tsx";
import { StateMark } from "../parts/marks.tsx";
import { Await, Hint } from "../parts/notices.tsx";
import { place, set } from "../place/route.ts";
import { count, counted } from "../text/amounts.ts";
import { CanisterRows } from "./node-page.tsx";

export function CanistersPage(): JSX.Element {
  const line = place.value.settings.get("filter") ?? "";
  const asked = useAnswer("canisters", (ending) => loadAll<Canister, CanisterList>("canisters", {}, ending), {
    concerns: ({ label, to }) => label !== undefined || to === "gone",
    apart: LISTS_APART,
  });
  return (
    <>
      <h1 tabIndex={-1}>Canisters</h1>
      <Await asked={asked} what="the canisters">
        {({ items, capped, first }) => (
          <>
            {capped && (
              <Hint>
                The page keeps {count(items.length)} of {counted(totalOf(first.counts), "canister")}. Look at a node for
                all of its own.
              </Hint>
            )}
            <Chips line={line} counts={first.counts} />
            <Filtered items={items} line={line} />
          </>
        )}
      </Await>
    </>
  );
}

/** One button for each state that occurs; it filters. */
function Chips({ line, counts }: { readonly line: string; readonly counts: Counts }): JSX.Element {
  return (
    <ul class="chips" aria-label="Canisters by state">
      {states
        .filter((state) => (counts[state] ?? 0) > 0)
        .map((state) => (
          <li>
            <button
              type="button"
              aria-pressed={line.split(/\s+/).includes(`state=${state}`)}
              onClick={() => set("filter", toggled(line, `state=${state}`))}
            >
              <StateMark state={state} size={14} /> {state} <b>{count(counts[state])}</b>
            </button>
          </li>
        ))}
    </ul>
  );
}

function Filtered({ items, line }: { readonly items: readonly Canister[]; readonly line: string }): JSX.Element {
  const shown = useMemo(() => {
    const filter = parseFilter(line);
    return items.filter((canister) => {
      const { node, label, tenant, image, state, failure, mode, sensor, root } = canister;
      const fields = { name: label, node, tenant, image, state: stateOf(state), failure, mode, sensor, root };
      return passes(filter, { name: `${label} ${node}`, fields, labels: {} });
    });
  }, [items, line]);
  return (
    <>
      <div class="toolbar">
        <FilterLine shown={shown.length} all={items.length} what="canister" />
      </div>
      {shown.length === 0 ? (
        <Hint>No canister is shown under this filter.</Hint>
      ) : (
        <CanisterRows items={shown} withNode />
      )}
    </>
  );
}
