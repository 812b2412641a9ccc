/** A contour as text: the same as the map, in words that can be read out and searched. */
import type { ContourMap } from "@isoline/verifier";
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { FIRST } from "../layout/contour-map.ts";
import { readAct } from "../model/acts.ts";
import { familyWords } from "../model/families.ts";
import { counted } from "../text/amounts.ts";
import { Said } from "./said.tsx";

const AT_ONCE = 200;

export function ContourText({ contour }: { readonly contour: ContourMap }): JSX.Element {
  const sought = useSignal("");
  const most = useSignal(AT_ONCE);
  const all = useMemo(
    () =>
      contour.programs.flatMap(({ program, acts }) =>
        acts.map((act) => ({
          program: program === "" ? FIRST : program,
          times: act.times,
          user: act.user === undefined ? undefined : contour.users[act.user],
          ...readAct(act),
        })),
      ),
    [contour],
  );
  const words = sought.value
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const found = all.filter(({ program, user = "", operation, place, details }) => {
    const line = `${program} ${user} ${operation} ${place} ${details}`.toLowerCase();
    return words.every((word) => line.includes(word));
  });
  return (
    <div class="contour-text">
      <label>
        Search in the contour{" "}
        <input
          type="search"
          value={sought.value}
          spellcheck={false}
          autocomplete="off"
          placeholder="node connect 5432"
          onInput={({ currentTarget }) => {
            sought.value = currentTarget.value;
            most.value = AT_ONCE;
          }}
        />{" "}
        <output>{counted(found.length, "act")}</output>
      </label>
      <div class="scrolled">
        <table>
          <thead>
            <tr>
              <th scope="col">Program</th>
              <th scope="col">Act</th>
              <th scope="col">What it touches</th>
            </tr>
          </thead>
          <tbody>
            {found.slice(0, most.value).map(({ program, user, family, operation, place, details, times }) => (
              <tr>
                <td>
                  <Said text={program} most={300} code />
                  {user !== undefined && (
                    <small class="details">
                      as <Said text={user} most={200} />
                    </small>
                  )}
                </td>
                <td>
                  <abbr title={familyWords[family].says}>{familyWords[family].letter}</abbr>{" "}
                  <Said text={operation} most={100} />
                  {times !== undefined && <small> {times} times</small>}
                </td>
                <td>
                  <Said text={place} most={600} code />
                  {details !== "" && (
                    <small class="details">
                      <Said text={details} most={400} code />
                    </small>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {found.length > most.value && (
        <button type="button" onClick={() => void (most.value += 5 * AT_ONCE)}>
          Show more: {counted(found.length - most.value, "act")} left
        </button>
      )}
    </div>
  );
}
