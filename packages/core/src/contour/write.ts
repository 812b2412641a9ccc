/** Writes a contour as text. The same behaviour gives the same lines in the same order, and one more act is one more line. */
import { ZERO_DIGEST } from "../digest.ts";
import type { Exchange } from "../profile/profile.ts";
import { policyLines } from "../verify/policy-lines.ts";
import type { Contour } from "./contour.ts";
import { credentialsBearer, formatCredentials } from "./credentials.ts";
import { FORMAT_LINE, LAST_LINE, NOBODY, taskLine } from "./file-layout.ts";
import { handlesOf } from "./handle.ts";
import { compareText, sortByText } from "./line-text.ts";
import { Texts } from "./sorting.ts";

/** Number of characters that are collected before they are yielded. */
const CHUNK = 32_768;

/**
 * The text of a contour file, piece by piece.
 *
 * @example
 * import { Contour, iso1, writeContour } from "@isoline/core";
 *
 * const empty = Contour.create({ profile: iso1, policy: "{}" });
 * const text = [...writeContour(empty)].join("");
 * console.log(text.split("\n")[0]);
 * // prints: isoline contour 2
 */
export function* writeContour<E extends Exchange>(contour: Contour<E>): Generator<string> {
  let chunk = "";
  for (const line of lines(contour)) {
    chunk += `${line}\n`;
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = "";
  }
  if (chunk !== "") yield chunk;
}

function* lines<E extends Exchange>(contour: Contour<E>): Generator<string> {
  yield* headerLines(contour);
  yield* taskLines(contour);
  const credentials = credentialsHandles(contour);
  yield* credentialsLines(credentials);
  yield* pointLines(contour, credentials);
  yield "";
  yield LAST_LINE;
}

function* headerLines<E extends Exchange>(contour: Contour<E>): Generator<string> {
  yield FORMAT_LINE;
  yield `profile ${contour.profile.name}`;
  for (const line of policyLines(contour.policy)) yield `policy ${line}`;
  if (contour.base !== ZERO_DIGEST) yield `base ${contour.base}`;
  if (contour.aggregate !== ZERO_DIGEST) yield `aggregate ${contour.aggregate}`;
  for (const reason of sortByText([...contour.incomplete], (text) => text)) yield `incomplete ${reason}`;
}

function* taskLines<E extends Exchange>(contour: Contour<E>): Generator<string> {
  const handles = contour.taskHandles();
  if (handles.size > 0) yield "";
  for (const task of contour.tasks()) {
    yield taskLine(task, handles.get(task.id) as string, handles.get(task.parent) ?? NOBODY);
  }
}

/** Handles of the credentials that occur, by the words that describe them, in the order of those words. */
function credentialsHandles<E extends Exchange>(contour: Contour<E>): ReadonlyMap<string, string> {
  const texts = [...new Set(contour.actors.map((actor) => formatCredentials(actor.credentials)))].sort();
  const entries = texts.map((text) => ({ text, bearer: credentialsBearer(text) }));
  const handles = handlesOf(entries.map(({ bearer }) => bearer));
  return new Map(entries.map(({ text, bearer }) => [text, handles.get(bearer.id) as string]));
}

function* credentialsLines(handles: ReadonlyMap<string, string>): Generator<string> {
  if (handles.size > 0) yield "";
  for (const [text, handle] of handles) yield `credentials ${handle} ${text}`;
}

/** Points by task, then by credentials, then by act. */
function* pointLines<E extends Exchange>(
  contour: Contour<E>,
  credentials: ReadonlyMap<string, string>,
): Generator<string> {
  const tasks = contour.taskHandles();
  const groups = pointsByActor(contour);
  const acts = new Texts();
  for (const number of actorsInOrder(contour)) {
    const actor = contour.actors[number] as (typeof contour.actors)[number];
    yield "";
    yield `by ${tasks.get(actor.task) ?? NOBODY} as ${credentials.get(formatCredentials(actor.credentials))}`;
    const group = groups[number] ?? [];
    acts.clear();
    for (const index of group) acts.push(contour.profile.formatAct(contour.event(index)));
    for (const at of acts.ascending()) yield `  ${acts.text(at)} ${contour.point(group[at] as number)}`;
  }
}

function pointsByActor<E extends Exchange>(contour: Contour<E>): readonly (readonly number[])[] {
  const groups: number[][] = contour.actors.map(() => []);
  for (let index = 0; index < contour.size; index++) groups[contour.actorNumber(index)]?.push(index);
  return groups;
}

function actorsInOrder<E extends Exchange>(contour: Contour<E>): number[] {
  const rank = new Map([ZERO_DIGEST, ...[...contour.tasks()].map((task) => task.id)].map((id, at) => [id, at]));
  const keys = contour.actors.map(({ task, credentials }, number) => ({
    number,
    task: rank.get(task) as number,
    credentials: formatCredentials(credentials),
  }));
  keys.sort((a, b) => a.task - b.task || compareText(a.credentials, b.credentials));
  return keys.map((key) => key.number);
}
