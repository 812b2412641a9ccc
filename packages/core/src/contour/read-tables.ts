/**
 * Reads the tables of a contour file: the tasks, and the credentials that they act with. A line is valid by itself, wherever in its
 * table it stands and however often, as long as the parent of a task stands above.
 */
import { isDigest, ZERO_DIGEST } from "../digest.ts";
import { IsolineError } from "../error.ts";
import type { Credentials } from "../event/event.ts";
import { parseList } from "../event/text.ts";
import { type Image, type Task, taskLabel } from "../identity/task.ts";
import type { Exchange } from "../profile/profile.ts";
import type { Contour } from "./contour.ts";
import { credentialsBearer, parseCredentials } from "./credentials.ts";
import type { Cursor, Section } from "./cursor.ts";
import { AS, NOBODY, RUNS, taskLine } from "./file-layout.ts";
import { type Bearer, isHandleOf } from "./handle.ts";

/** Reads the task table into the contour. Returns the tasks by their handles. */
export function* readTasks<E extends Exchange>(
  cursor: Cursor,
  contour: Contour<E>,
): Section<ReadonlyMap<string, Task>> {
  const table = new Map<string, Task>();
  for (; cursor.line === "" || cursor.startsWith("task"); yield) {
    if (cursor.line === "") continue;
    const { handle, task } = parseTask(cursor, table);
    const known = table.get(handle);
    if (known !== undefined && known.id !== task.id) throw cursor.refusal("every handle for one task");
    const same = contour.task(task.id);
    if (same === undefined) defineTask(cursor, contour, task);
    else if (taskLine(same, "", "") !== taskLine(task, "", ""))
      throw cursor.refusal("the same task as above under its id");
    assertHandle(cursor, handle, { name: taskLabel(task), id: task.id });
    table.set(handle, task);
  }
  return table;
}

export function* readCredentials(cursor: Cursor): Section<ReadonlyMap<string, Credentials>> {
  const table = new Map<string, Credentials>();
  const texts = new Map<string, string>();
  for (; cursor.line === "" || cursor.startsWith("credentials"); yield) {
    if (cursor.line === "") continue;
    const [handle = "", ...words] = cursor.after("credentials").split(" ");
    const text = words.join(" ");
    const credentials = parseCredentials(text);
    if (!credentials) throw cursor.refusal("eight ids and the capabilities in canonical spelling");
    if ((texts.get(handle) ?? text) !== text) throw cursor.refusal("every handle for one set of credentials");
    assertHandle(cursor, handle, credentialsBearer(text));
    texts.set(handle, text);
    if (!table.has(handle)) table.set(handle, credentials);
  }
  return table;
}

function parseTask(cursor: Cursor, table: ReadonlyMap<string, Task>): { handle: string; task: Task } {
  const [handle, id, parentHandle, ...rest] = cursor.after("task").split(" ");
  const as = rest[0]?.startsWith(AS) ? rest.shift()?.slice(AS.length) : undefined;
  const runs = rest[0]?.startsWith(RUNS) ? parseList(rest.shift()?.slice(RUNS.length) ?? "") : undefined;
  const call = { ...(as === undefined ? {} : { as }), ...(runs === undefined ? {} : { runs }) };
  const parent = parentHandle === NOBODY ? ZERO_DIGEST : table.get(parentHandle ?? "")?.id;
  const images = rest.map(parseImage);
  const first = images[0];
  if (
    handle === undefined ||
    id === undefined ||
    !isDigest(id) ||
    !first ||
    !images.every((image) => image !== undefined)
  ) {
    throw cursor.refusal("task HANDLE ID PARENT [as=NAME] [runs=ENTRY,…] PATH@DIGEST …");
  }
  if (parent === undefined) throw cursor.refusal("a parent that has a line above");
  return { handle, task: { id, parent, images: images as [Image, ...Image[]], ...call } };
}

function parseImage(word: string): Image | undefined {
  const at = word.lastIndexOf("@");
  const path = word.slice(0, Math.max(at, 0));
  const digest = word.slice(at + 1);
  if (at < 0) return undefined;
  if (digest === "-") return { path };
  return isDigest(digest) ? { path, digest } : undefined;
}

function defineTask<E extends Exchange>(cursor: Cursor, contour: Contour<E>, task: Task): void {
  try {
    contour.defineTask(task);
  } catch (error) {
    if (!(error instanceof IsolineError)) throw error;
    throw cursor.refusal(
      "a task whose id follows from its parent, its images and how it was called",
      error.message,
      error,
    );
  }
}

function assertHandle(cursor: Cursor, handle: string, bearer: Bearer): void {
  if (isHandleOf(handle, bearer)) return;
  throw cursor.refusal(`a handle of ${JSON.stringify(bearer.name)} and the first digits of ${bearer.id}`);
}
