/** Reads the points of a contour file and recomputes each of them from its event. */
import { isDigest, ZERO_DIGEST } from "../digest.ts";
import { IsolineError } from "../error.ts";
import type { Actor, Credentials } from "../event/event.ts";
import type { Task } from "../identity/task.ts";
import type { Exchange } from "../profile/profile.ts";
import type { Contour } from "./contour.ts";
import type { Cursor, Section } from "./cursor.ts";
import { NOBODY } from "./file-layout.ts";

export interface Tables {
  readonly tasks: ReadonlyMap<string, Task>;
  readonly credentials: ReadonlyMap<string, Credentials>;
}

/**
 * Groups of points, up to the first line that is of none. A point is valid by itself, because its digest says who acted: so it may
 * stand anywhere in its group, a group may come in several parts, and either may be there twice.
 */
export function* readPoints<E extends Exchange>(
  cursor: Cursor,
  contour: Contour<E>,
  tables: Tables,
  maxPoints: number,
): Section<void> {
  let actor: Actor | undefined;
  for (; ; yield) {
    if (cursor.startsWith("by")) actor = parseGroup(cursor, tables);
    else if (cursor.line.startsWith("  ")) readPoint(cursor, contour, actor, maxPoints);
    else if (cursor.line !== "") return;
  }
}

function readPoint<E extends Exchange>(
  cursor: Cursor,
  contour: Contour<E>,
  actor: Actor | undefined,
  maxPoints: number,
): void {
  if (actor === undefined) throw cursor.refusal('a line that begins with "by " before the first point');
  const act = cursor.line.slice(2, -65);
  const point = cursor.line.slice(-64);
  if (!isDigest(point) || cursor.line.at(-65) !== " ") throw cursor.refusal("an act and its point");
  const before = contour.size;
  const added = addPoint(cursor, contour, act, actor);
  if (added !== point) throw cursor.refusal(`the point ${added}, which the event gives`, point);
  if (contour.size > before && before >= maxPoints) throw cursor.refusal(`at most ${maxPoints} points`, "another one");
}

/** Adds the event of a line and returns its point. */
function addPoint<E extends Exchange>(cursor: Cursor, contour: Contour<E>, act: string, actor: Actor): string {
  try {
    const event = contour.profile.parseAct(act, actor);
    const canonical = contour.profile.formatAct(event);
    if (canonical !== act) throw cursor.refusal(JSON.stringify(canonical.slice(0, 120)));
    return contour.add(event).point;
  } catch (error) {
    if (!(error instanceof IsolineError) || error.code === "bad-contour") throw error;
    throw cursor.refusal(`an event of the profile ${contour.profile.name}`, error.message, error);
  }
}

function parseGroup(cursor: Cursor, tables: Tables): Actor {
  const [taskHandle = "", as, handle = "", ...rest] = cursor.after("by").split(" ");
  const credentials = tables.credentials.get(handle);
  const task = tables.tasks.get(taskHandle);
  if (as !== "as" || rest.length > 0 || !credentials || !(task || taskHandle === NOBODY)) {
    throw cursor.refusal("by TASK as CREDENTIALS, with handles from the tables above");
  }
  return { task: task?.id ?? ZERO_DIGEST, parent: task?.parent ?? ZERO_DIGEST, credentials };
}
