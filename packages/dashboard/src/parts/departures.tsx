/** What departed from the contour, in the node's own words: why, and the nearest act that the contour knows. */
import type { CanisterInFull, Departure } from "@isoline/verifier";
import type { JSX } from "preact";
import { count, counted } from "../text/amounts.ts";
import { Ago, Said } from "./said.tsx";

export function Departures({ all }: { readonly all: readonly Departure[] }): JSX.Element {
  if (all.length === 0) return <p class="nothing">The node has told of no departure.</p>;
  return (
    <ol class="departures">
      {all.map(({ at, line, why, nearest, program, refused, times }) => (
        <li>
          <p class="line">
            <span class={`answer ${refused ? "refused" : "allowed"}`}>{refused ? "✕ refused" : "○ let through"}</span>{" "}
            <Said text={line} code />
          </p>
          <dl>
            {program !== undefined && (
              <div>
                <dt>program</dt>
                <dd>
                  <Said text={program} code />
                </dd>
              </div>
            )}
            <div>
              <dt>why</dt>
              <dd>
                <Said text={why} />
              </dd>
            </div>
            <div>
              <dt>nearest known act</dt>
              <dd>
                <Said text={nearest} code />
              </dd>
            </div>
            <div>
              <dt>when</dt>
              <dd>
                <Ago at={at} />
                {times > 1 && `, ${count(times)} times`}
              </dd>
            </div>
          </dl>
        </li>
      ))}
    </ol>
  );
}

/** How far the processes of a canister are trusted: what the register vouches for, and what the node says of each program. */
export function Trust({ canister }: { readonly canister: CanisterInFull }): JSX.Element {
  const { counters, departures, links } = canister;
  const check = links.find(({ name }) => name === "trust");
  const programs = byProgram(departures);
  return (
    <div class="trust">
      <p class={counters.untrusted > 0 ? "lost-trust" : "kept-trust"}>
        <b>
          {counters.untrusted > 0
            ? `▼ ${counted(counters.untrusted, "process lost", "processes lost")} their trust`
            : "▲ Every process is trusted"}
        </b>
        {proofOf(check?.state, canister.root)}
      </p>
      <p class="faint">
        A process that departs loses its trust, and so does every process that it starts; trust only decreases.
      </p>
      {programs.length > 0 && (
        <div class="scrolled">
          <table>
            <caption>Programs that departed, as the node tells it</caption>
            <thead>
              <tr>
                <th scope="col">Program</th>
                <th scope="col" class="number">
                  departures
                </th>
                <th scope="col" class="number">
                  acts
                </th>
                <th scope="col" class="number">
                  refused
                </th>
              </tr>
            </thead>
            <tbody>
              {programs.map(({ program, different, acts, refused }) => (
                <tr>
                  <td>
                    <Said text={program} most={300} code />
                  </td>
                  <td class="number">{count(different)}</td>
                  <td class="number">{count(acts)}</td>
                  <td class="number">{count(refused)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

/** What stands behind the number of untrusted processes. */
function proofOf(check: string | undefined, root: CanisterInFull["root"]): string {
  if (check === undefined) return "; the check was not reached, so this is not proven.";
  if (root === "node") return ": the node's own word, for which no register of a TPM vouches.";
  if (root === "tee") return ": the word of an engine in a confidential machine.";
  return check === "failed" ? "." : ", and a register of the TPM vouches for it.";
}

function byProgram(departures: readonly Departure[]) {
  const all = new Map<string, { program: string; different: number; acts: number; refused: number }>();
  for (const { program = "a program that the node does not name", times, refused } of departures) {
    const sum = all.get(program) ?? { program, different: 0, acts: 0, refused: 0 };
    sum.different += 1;
    sum.acts += times;
    sum.refused += refused ? times : 0;
    all.set(program, sum);
  }
  return [...all.values()].sort((a, b) => b.acts - a.acts);
}
