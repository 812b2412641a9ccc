/** The actors that a question is about: every actor of a contour, or those of one program. */
import type { Contour } from "@isoline/core/contour";
import type { Actor } from "@isoline/core/event";
import { programName, taskPhrase } from "@isoline/core/identity";
import { usage } from "../refusal.ts";

/** `program` is a name, how it was called (`node install.js`), a path, or a handle of a task in contour files (`node~3fa9c1d2`). */
export function actorsOf(contour: Contour, program: string | undefined): readonly Actor[] {
  if (program === undefined) return contour.actors;
  const handles = contour.taskHandles();
  const found = contour.actors.filter(({ task: id }) => {
    const task = contour.task(id);
    return (
      task !== undefined &&
      [programName(task), taskPhrase(task), task.images[0].path, handles.get(id)].includes(program)
    );
  });
  if (found.length > 0) return found;
  const names = new Set(Array.from(contour.tasks(), taskPhrase));
  throw usage(
    `no program of the contour is ${JSON.stringify(program.slice(0, 60))}; there are ${[...names].join(", ")}`,
  );
}
