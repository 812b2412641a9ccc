/** What a canister counted over time, and the changes of its verdict, as tables. */
import type { CanisterInFull } from "@isoline/verifier";
import type { JSX } from "preact";
import { stateOf } from "../model/states.ts";
import { count, exact } from "../text/amounts.ts";
import { Verdict } from "./marks.tsx";
import { Said } from "./said.tsx";

const counters = ["departures", "refused", "lost", "untrusted", "events"] as const;

/** Counts that stood at a time: of a report that is kept, or still at the last evidence. */
export interface Known {
  readonly at: string;
  readonly counters: Omit<CanisterInFull["counters"], "events"> & { readonly events: number | undefined };
  readonly isKept: boolean;
}

const LATEST = 50;

const captionOf = (all: number, what: string): string =>
  all > LATEST ? `The latest ${LATEST} of ${all} ${what}` : `All ${what}`;

const heads = () =>
  counters.map((name) => (
    <th scope="col" class="number">
      {name}
    </th>
  ));

const cellsOf = (counted: Partial<Known["counters"]> | undefined) =>
  counters.map((name) => <td class="number">{count(counted?.[name])}</td>);

/** The latest reports, newest first, with the last evidence above them. */
export function Reports({ known }: { readonly known: readonly Known[] }): JSX.Element {
  const newest = known.filter(({ isKept }) => isKept).toReversed();
  const rows = [...known.filter(({ isKept }) => !isKept), ...newest.slice(0, LATEST)];
  return (
    <div class="scrolled">
      <table>
        <caption>{captionOf(newest.length, "reports that are kept")}</caption>
        <thead>
          <tr>
            <th scope="col">At</th>
            {heads()}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ at, counters: counted, isKept }) => (
            <tr>
              <td>
                {exact(at) ?? <Said text={at} most={40} />}
                {!isKept && ", the last evidence"}
              </td>
              {cellsOf(counted)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The latest changes of its verdict, newest first. */
export function History({ history }: { readonly history: CanisterInFull["history"] }): JSX.Element {
  const newest = history.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return (
    <div class="scrolled">
      <table>
        <caption>{captionOf(newest.length, "changes of its verdict")}</caption>
        <thead>
          <tr>
            <th scope="col">At</th>
            <th scope="col">Verdict</th>
            <th scope="col">Why</th>
            {heads()}
          </tr>
        </thead>
        <tbody>
          {newest.slice(0, LATEST).map(({ at, state, failure, why, counters: counted }) => (
            <tr>
              <td>{exact(at) ?? <Said text={at} most={40} />}</td>
              <td>
                <Verdict state={stateOf(state)} failure={failure} />
              </td>
              <td>
                <Said text={why} most={300} />
              </td>
              {cellsOf(counted)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
