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
  const userOf = (index: number) => userPhrase(contour.actor(index).credentials);
  const users = new Set<string>();
  for (let index = 0; index < contour.size; index++) users.add(userOf(index));
  for (let index = 0; index < contour.size; index++) {
    const path = contour.task(contour.actor(index).task)?.images[0].path ?? "";
    const program = programs.get(path) ?? { program: path, acts: [] };
    programs.set(path, program);
    const [operation = "", ...rest] = contour.profile.formatAct(contour.event(index)).split(" ");
    program.acts.push({ operation, target: rest.join(" "), ...(users.size > 1 && { user: userOf(index) }) });
  }
  return { name, points: contour.size, users: [...users], programs: [...programs.values()], text };
}
