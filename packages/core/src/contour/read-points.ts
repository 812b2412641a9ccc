/** Reads the points of a contour file and recomputes each of them from its event. */
import { isDigest, ZERO_DIGEST } from "../digest.ts";
import { IsolineError } from "../error.ts";
import type { Actor, Credentials } from "../event/event.ts";
import type { Task } from "../identity/task.ts";
import type { Exchange } from "../profile/profile.ts";
import type { Contour } from "./contour.ts";
import type { Cursor, Section } from "./cursor.ts";
import { NOBODY } from "./file-layout.ts";
import { compareText } from "./line-text.ts";
import type { Table } from "./read-tables.ts";

export interface Tables {
  readonly tasks: Table<Task>;
  readonly credentials: Table<Credentials>;
}

/** Groups of points, each after an empty line. Reading stops at the first line that does not begin a group. */
export function* readPoints<E extends Exchange>(
  cursor: Cursor,
  contour: Contour<E>,
  tables: Tables,
  maxPoints: number,
): Section<void> {
  const used = new Set<string>();
  let before = { task: -1, credentials: -1 };
  while (cursor.startsWith("by")) {
    const group = parseGroup(cursor, tables);
    const isAfter = group.task > before.task || (group.task === before.task && group.credentials > before.credentials);
    if (!isAfter) throw cursor.refusal("groups in the order of the tables, each once");
    before = group;
    used.add(group.handle);
    yield;
    yield* readGroup(cursor, contour, group.actor, maxPoints);
    if (cursor.line !== "") throw cursor.refusal("an empty line after a group of points");
    yield;
  }
  const unused = [...tables.credentials].find(([handle]) => !used.has(handle));
  if (unused) throw cursor.refusal("only credentials that an actor has", `${unused[0]} in line ${unused[1].line}`);
}

function* readGroup<E extends Exchange>(
  cursor: Cursor,
  contour: Contour<E>,
  actor: Actor,
  maxPoints: number,
): Section<void> {
  if (!cursor.line.startsWith("  ")) throw cursor.refusal("two spaces and a point");
  let last: string | undefined;
  for (; cursor.line.startsWith("  "); yield) {
    const act = cursor.line.slice(2, -65);
    const point = cursor.line.slice(-64);
    if (!isDigest(point) || cursor.line.at(-65) !== " ") throw cursor.refusal("an act and its point");
    if (last !== undefined && compareText(last, act) >= 0) throw cursor.refusal("acts in ascending order, each once");
    if (contour.size >= maxPoints) throw cursor.refusal(`at most ${maxPoints} points`, "another one");
    last = act;
    const added = addPoint(cursor, contour, act, actor);
    if (added !== point) throw cursor.refusal(`the point ${added}, which the event gives`, point);
  }
}

/** Adds the event of a line and returns its point. */
function addPoint<E extends Exchange>(cursor: Cursor, contour: Contour<E>, act: string, actor: Actor): string {
  try {
    const event = contour.profile.parseAct(act, actor);
    const canonical = contour.profile.formatAct(event);
    if (canonical !== act) throw cursor.refusal(JSON.stringify(canonical.slice(0, 120)));
    const { added, point } = contour.add(event);
    if (!added) throw cursor.refusal("every point once");
    return point;
  } catch (error) {
    if (!(error instanceof IsolineError) || error.code === "bad-contour") throw error;
    throw cursor.refusal(`an event of the profile ${contour.profile.name}`, error.message, error);
  }
}

function parseGroup(
  cursor: Cursor,
  tables: Tables,
): { actor: Actor; task: number; credentials: number; handle: string } {
  const [taskHandle = "", as, handle = "", ...rest] = cursor.after("by").split(" ");
  const credentials = tables.credentials.get(handle);
  const task = tables.tasks.get(taskHandle);
  if (as !== "as" || rest.length > 0 || !credentials || !(task || taskHandle === NOBODY)) {
    throw cursor.refusal("by TASK as CREDENTIALS, with handles from the tables above");
  }
  const actor = {
    task: task?.value.id ?? ZERO_DIGEST,
    parent: task?.value.parent ?? ZERO_DIGEST,
    credentials: credentials.value,
  };
  return { actor, task: task?.place ?? 0, credentials: credentials.place, handle };
}
