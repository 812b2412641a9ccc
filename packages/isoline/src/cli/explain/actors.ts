/** The actors that a question is about: every actor of a contour, or those of one program. */
import type { Contour } from "@isoline/core/contour";
import type { Actor } from "@isoline/core/event";
import { chainPhrase } from "@isoline/core/engine";
import { programName, type Task, taskPhrase } from "@isoline/core/identity";
import { harmless } from "../output/wording.ts";
import { usage } from "../refusal.ts";

const MOST_NAMED = 10;

/**
 * `program` is a name, how it was called (`node install.js`), a path, a handle of a task in contour files (`node~3fa9c1d2`), or whatever
 * an alert names it by: `dash as sh`, `dash as sh build.sh → cat`.
 */
export function actorsOf(contour: Contour, program: string | undefined): readonly Actor[] {
  if (program === undefined) return contour.actors;
  const handles = contour.taskHandles();
  const found = contour.actors.filter(({ task: id }) => {
    const task = contour.task(id);
    if (task === undefined) return false;
    const chain = chainPhrase(contour.taskChain(id).map(taskPhrase));
    return [...namesOf(task), chain, handles.get(id)].includes(program);
  });
  if (found.length > 0) return found;
  const names = [...new Set(Array.from(contour.tasks(), taskPhrase))].map((name) => chainPhrase([name]));
  const more = names.length > MOST_NAMED ? `, and ${names.length - MOST_NAMED} more` : "";
  const asked = harmless(program.slice(0, 60));
  throw usage(
    `no program of the contour is "${asked}"; there are ${names.slice(0, MOST_NAMED).join(", ")}${more}. A program that the contour does not have departs with all that it does: ask whether it may start, as in 'exec path=${asked.startsWith("/") ? asked : `/usr/bin/${lastWord(asked)}`}', or leave out --as to ask about every program`,
  );
}

function namesOf(task: Task): readonly string[] {
  const { as } = task;
  const called = as === undefined ? [] : [as, `${programName(task)} as ${as}`];
  const phrase = taskPhrase(task);
  return [programName(task), phrase, chainPhrase([phrase]), task.images[0].path, ...called];
}

/** Of a chain, the program that acts; of a program with what it runs, the program. */
function lastWord(name: string): string {
  return name.split(" → ").at(-1)?.split(" ", 1)[0] ?? name;
}
