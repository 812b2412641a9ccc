/**
 * The processes of a canister that departed. That they did, when, and their numbers are in records for which a register of the TPM
 * vouches. What they did is in the node's own words, found by its point.
 */
import type { CanisterInFull, Departure } from "@isoline/verifier";
import type { JSX } from "preact";
import { count, counted } from "../text/amounts.ts";
import { Ago, Said } from "./said.tsx";

export function Processes({
  canister,
  earlier,
}: {
  readonly canister: CanisterInFull;
  /** Whether the records are older than the verdict. */
  readonly earlier: boolean;
}): JSX.Element {
  const { processes, departures, counters } = canister;
  if (processes === undefined)
    return (
      <p class="nothing">Which processes departed is not known: no register of a TPM was checked for this canister.</p>
    );
  const { total, items } = processes;
  if (total === 0)
    return (
      <p class="nothing">
        By the records in the register, no process {earlier ? "had departed as of the last evidence" : "has departed"}.
      </p>
    );
  const words = new Map(departures.flatMap((one) => (one.point === undefined ? [] : [[one.point, one] as const])));
  const others = counters.untrusted - total;
  return (
    <div class={earlier ? "processes scrolled earlier" : "processes scrolled"}>
      <table>
        <caption>
          Processes that departed, as the register {earlier ? "had them by the last evidence" : "has them"}; what they
          did, as the node tells it
        </caption>
        <thead>
          <tr>
            <th scope="col">Process</th>
            <th scope="col">since</th>
            <th scope="col">trust</th>
            <th scope="col">first departure</th>
            <th scope="col">nearest known act</th>
          </tr>
        </thead>
        <tbody>
          {items.map(({ process, pid, at, point }) => (
            <tr>
              <td>
                {count(process)} <small>pid {pid}</small>
              </td>
              <td>
                <Ago at={at} />
              </td>
              <td class="lost-trust">
                <b>▼ untrusted</b>
              </td>
              <First told={point === undefined ? undefined : words.get(point)} isKnown={point !== undefined} />
            </tr>
          ))}
        </tbody>
      </table>
      {total > items.length && (
        <p class="faint">
          These are the first {count(items.length)} of {count(total)}.
        </p>
      )}
      {others > 0 && (
        <p class="faint">
          {counted(others, "more process", "more processes")} lost their trust without a departure of their own, because
          the process that started them had none. Evidence counts them and does not list them.
        </p>
      )}
    </div>
  );
}

function First({ told, isKnown }: { readonly told: Departure | undefined; readonly isKnown: boolean }): JSX.Element {
  if (told === undefined)
    return (
      <td class="nothing" colSpan={2}>
        {isKnown ? "the node has not told what it was" : "the node does not know what it was"}
      </td>
    );
  return (
    <>
      <td>
        <Said text={told.line} most={300} code />
        <br />
        <small>
          <Said text={told.why} most={300} />
        </small>
      </td>
      <td>
        <Said text={told.nearest} most={300} code />
      </td>
    </>
  );
}
