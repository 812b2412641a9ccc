/** Reads the tables of a contour file: the tasks, and the credentials that they act with. */
import { type Digest, isDigest, ZERO_DIGEST } from "../digest.ts";
import { IsolineError } from "../error.ts";
import type { Credentials } from "../event/event.ts";
import { parseList } from "../event/text.ts";
import type { Image, Task } from "../identity/task.ts";
import type { Exchange } from "../profile/profile.ts";
import type { Contour } from "./contour.ts";
import { credentialsBearer, parseCredentials } from "./credentials.ts";
import type { Cursor, Section } from "./cursor.ts";
import { AS, NOBODY, RUNS } from "./file-layout.ts";
import { handlesOf } from "./handle.ts";
import { compareSiblings } from "./task-table.ts";

/** An entry of a table, its position, and the line of its handle. */
export interface Entry<T> {
  readonly value: T;
  readonly place: number;
  readonly line: number;
}

export type Table<T> = ReadonlyMap<string, Entry<T>>;

/** Reads the task table into the contour. */
export function* readTasks<E extends Exchange>(cursor: Cursor, contour: Contour<E>): Section<Table<Task>> {
  const table = new Map<string, Entry<Task>>();
  /** The tasks from the first program to the task of the previous line. */
  const ancestors: Task[] = [];
  for (; cursor.startsWith("task"); yield) {
    const { handle, task } = parseTask(cursor, table);
    assertInOrder(cursor, task, ancestors);
    if (table.has(handle) || contour.task(task.id)) throw cursor.refusal("every task once");
    defineTask(cursor, contour, task);
    table.set(handle, { value: task, place: table.size + 1, line: cursor.number });
  }
  assertHandles(cursor, table, contour.taskHandles(), (task) => task.id);
  return table;
}

export function* readCredentials(cursor: Cursor): Section<Table<Credentials>> {
  const table = new Map<string, Entry<Credentials>>();
  const bearers = new Map<Credentials, ReturnType<typeof credentialsBearer>>();
  let last = "";
  for (; cursor.startsWith("credentials"); yield) {
    const [handle = "", ...words] = cursor.after("credentials").split(" ");
    const text = words.join(" ");
    const credentials = parseCredentials(text);
    if (!credentials) throw cursor.refusal("eight ids and the capabilities in canonical spelling");
    if (text <= last || table.has(handle)) throw cursor.refusal("credentials in ascending order, each once");
    last = text;
    table.set(handle, { value: credentials, place: table.size, line: cursor.number });
    bearers.set(credentials, credentialsBearer(text));
  }
  const idOf = (credentials: Credentials) => bearers.get(credentials)?.id as Digest;
  assertHandles(cursor, table, handlesOf(bearers.values()), idOf);
  return table;
}

function parseTask(cursor: Cursor, table: Table<Task>): { handle: string; task: Task } {
  const [handle, id, parentHandle, ...rest] = cursor.after("task").split(" ");
  const as = rest[0]?.startsWith(AS) ? rest.shift()?.slice(AS.length) : undefined;
  const runs = rest[0]?.startsWith(RUNS) ? parseList(rest.shift()?.slice(RUNS.length) ?? "") : undefined;
  const call = { ...(as === undefined ? {} : { as }), ...(runs === undefined ? {} : { runs }) };
  const parent = parentHandle === NOBODY ? ZERO_DIGEST : table.get(parentHandle ?? "")?.value.id;
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

/** A task follows its parent, or follows a sibling that sorts before it with all descendants of that sibling. */
function assertInOrder(cursor: Cursor, task: Task, ancestors: Task[]): void {
  let sibling: Task | undefined;
  while (ancestors.length > 0 && ancestors.at(-1)?.id !== task.parent) sibling = ancestors.pop();
  if (ancestors.length === 0 && task.parent !== ZERO_DIGEST)
    throw cursor.refusal("children directly below their parent");
  if (sibling && compareSiblings(sibling, task) >= 0)
    throw cursor.refusal("tasks of one parent in ascending order of path and id");
  ancestors.push(task);
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

/** Handles must be the ones that the ids determine: the shortest that are distinct. */
function assertHandles<T>(
  cursor: Cursor,
  table: Table<T>,
  handles: ReadonlyMap<Digest, string>,
  idOf: (value: T) => Digest,
): void {
  for (const [handle, { value, line }] of table) {
    const expected = handles.get(idOf(value));
    if (handle === expected) continue;
    throw cursor.refusal(`the handle ${JSON.stringify(expected)} in line ${line}`, JSON.stringify(handle));
  }
}
