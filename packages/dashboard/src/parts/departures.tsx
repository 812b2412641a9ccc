/** What departed from the contour, in the node's own words: why, and the nearest act that the contour knows. */
import type { CanisterInFull, Departure } from "@isoline/verifier";
import type { JSX } from "preact";
import { count, counted } from "../text/amounts.ts";
import { Ago, Said } from "./said.tsx";

/** `counted`: how many departures evidence counts. The node tells what they were some seconds after it. */
export function Departures({
  all,
  counted: known,
}: {
  readonly all: readonly Departure[];
  readonly counted: number;
}): JSX.Element {
  if (all.length === 0)
    return (
      <p class="nothing">{known > 0 ? "The node has not told what departed." : "The node has told of no departure."}</p>
    );
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
export function Trust({
  canister,
  earlier,
}: {
  readonly canister: CanisterInFull;
  /** Whether what is known of the canister is older than its verdict. */
  readonly earlier: boolean;
}): JSX.Element {
  const { counters, departures } = canister;
  const programs = byProgram(departures);
  return (
    <div class="trust">
      <div class={earlier ? "earlier" : ""}>
        {counters.untrusted > 0 ? (
          <p class="lost-trust">
            <b>▼ {counted(counters.untrusted, "process lost", "processes lost")} their trust</b>
            {proofOf(canister, earlier)}
          </p>
        ) : (
          <Kept canister={canister} earlier={earlier} />
        )}
      </div>
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

/** That none lost its trust is a good word, and said only where the check for it passed, and now. */
function Kept({ canister, earlier }: { readonly canister: CanisterInFull; readonly earlier: boolean }): JSX.Element {
  if (earlier) return <p>As of the last evidence no process had lost its trust. Whether one did since is not known.</p>;
  const check = checkOf(canister);
  if (check === "passed")
    return (
      <p class="kept-trust">
        <b>▲ Every process is trusted</b>
        {proofOf(canister, earlier)}
      </p>
    );
  return (
    <p>
      Evidence counts no process that lost its trust. That is not proven: the check{" "}
      {check === undefined ? "was not reached" : "did not pass"}.
    </p>
  );
}

const checkOf = ({ links }: CanisterInFull): string | undefined => links.find(({ name }) => name === "trust")?.state;

/** What stands behind the number of untrusted processes. */
function proofOf(canister: CanisterInFull, earlier: boolean): string {
  const check = checkOf(canister);
  if (earlier) return ", as of the last evidence.";
  if (check === undefined) return "; the check was not reached, so this is not proven.";
  if (canister.root === "node") return ": the node's own word, for which no register of a TPM vouches.";
  if (canister.root === "tee") return ": the word of an engine in a confidential machine.";
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
