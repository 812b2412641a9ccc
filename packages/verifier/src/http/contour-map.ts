/** A contour as a map: by program, what each may do. */
import { parseContour, userPhrase } from "@isoline/core/contour";
import type { Contour } from "@isoline/core/contour";
import type { Exchange } from "@isoline/core/profile";
import type { ContourMap } from "./model.ts";

type Program = ContourMap["programs"][number];

/** Acts before the first program come first, under an empty name. */
export function contourMapOf(name: string, text: string): ContourMap {
  const contour = parseContour(text) as unknown as Contour<Exchange>;
  const programs = new Map<string, Program>();
  const { users, userOf } = usersIn(contour);
  for (let index = 0; index < contour.size; index++) {
    const path = contour.task(contour.actor(index).task)?.images[0].path ?? "";
    const program = programs.get(path) ?? { program: path, acts: [] };
    programs.set(path, program);
    const [operation = "", ...rest] = contour.profile.formatAct(contour.event(index)).split(" ");
    program.acts.push({ operation, target: rest.join(" "), ...(users.length > 1 && { user: userOf(index) }) });
  }
  return { name, points: contour.size, users, programs: [...programs.values()], text };
}

/** As which users its acts are done, in words, and which of them does each. A contour has few actors, and many points. */
function usersIn(contour: Contour<Exchange>) {
  const users = new Map<string, number>();
  const byActor: number[] = [];
  const userOf = (index: number): number => {
    const actor = contour.actorNumber(index);
    const known = byActor[actor];
    if (known !== undefined) return known;
    const words = userPhrase(contour.actor(index).credentials);
    const number = users.get(words) ?? users.size;
    users.set(words, number);
    byActor[actor] = number;
    return number;
  };
  for (let index = 0; index < contour.size; index++) userOf(index);
  return { users: [...users.keys()], userOf };
}
