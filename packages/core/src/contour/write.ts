/**
 * Writes a contour as text. The same behaviour gives the same lines in the same order. Numbers that differ from run to run
 * stand together at the end.
 */
import { RunningDigest, ZERO_DIGEST } from "../digest.ts";
import type { Exchange } from "../profile/profile.ts";
import type { Contour } from "./contour.ts";
import { credentialsBearer, formatCredentials } from "./credentials.ts";
import { FORMAT_LINE, NOBODY, PROVENANCE_WIDTH, taskLine } from "./file-layout.ts";
import { handlesOf } from "./handle.ts";
import { compareText, sortByText } from "./line-text.ts";
import { policyLine } from "./policy-text.ts";
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
 * // prints: isoline contour 1
 */
export function* writeContour<E extends Exchange>(contour: Contour<E>): Generator<string> {
  const digest = new RunningDigest();
  let chunk = "";
  for (const line of bodyLines(contour)) {
    chunk += `${line}\n`;
    if (chunk.length < CHUNK) continue;
    digest.update(Buffer.from(chunk));
    yield chunk;
    chunk = "";
  }
  digest.update(Buffer.from(chunk));
  yield `${chunk}sha256 ${digest.finish()}\n`;
}

/** Every line but the last, which is a digest over these lines. */
function* bodyLines<E extends Exchange>(contour: Contour<E>): Generator<string> {
  yield* headerLines(contour);
  yield* taskLines(contour);
  const credentials = credentialsHandles(contour);
  yield* credentialsLines(credentials);
  const written = new Uint32Array(contour.size);
  yield* pointLines(contour, credentials, written);
  yield* provenanceLines(contour, written);
  yield `points ${contour.size}`;
  yield `state ${contour.state()}`;
  yield `measurement ${contour.measurement()}`;
}

function* headerLines<E extends Exchange>(contour: Contour<E>): Generator<string> {
  yield FORMAT_LINE;
  yield `profile ${contour.profile.name}`;
  yield `policy-digest ${contour.policyDigest}`;
  yield `policy ${policyLine(contour.policy)}`;
  yield `base ${contour.base}`;
  yield `aggregate ${contour.aggregate}`;
  yield `runs ${contour.runs}`;
  for (const { reason, count } of sortByText([...contour.incomplete], (entry) => entry.reason)) {
    yield `incomplete ${count} ${reason}`;
  }
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

/** Points by task, then by credentials, then by act. Stores the index of each point in `written` as it goes. */
function* pointLines<E extends Exchange>(
  contour: Contour<E>,
  credentials: ReadonlyMap<string, string>,
  written: Uint32Array,
): Generator<string> {
  const tasks = contour.taskHandles();
  const groups = pointsByActor(contour);
  const acts = new Texts();
  let place = 0;
  for (const number of actorsInOrder(contour)) {
    const actor = contour.actors[number] as (typeof contour.actors)[number];
    yield "";
    yield `by ${tasks.get(actor.task) ?? NOBODY} as ${credentials.get(formatCredentials(actor.credentials))}`;
    const group = groups[number] ?? [];
    acts.clear();
    for (const index of group) acts.push(contour.profile.formatAct(contour.event(index)));
    for (const at of acts.ascending()) {
      const index = group[at] as number;
      written[place++] = index;
      yield `  ${acts.text(at)} ${contour.point(index)}`;
    }
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

/** `runs:occurrences:place in order of first occurrence` for each point, in the order of their lines. */
function* provenanceLines<E extends Exchange>(contour: Contour<E>, written: Uint32Array): Generator<string> {
  const places = new Uint32Array(contour.size);
  let next = 0;
  for (const index of contour.trajectory()) places[index] = next++;
  yield "";
  yield "provenance";
  for (let start = 0; start < written.length; start += PROVENANCE_WIDTH) {
    let line = " ";
    for (const index of written.subarray(start, start + PROVENANCE_WIDTH)) {
      const { runs, occurrences } = contour.provenance(index);
      line += ` ${runs}:${occurrences}:${places[index]}`;
    }
    yield line;
  }
  for (const [rule, times] of sortByText([...contour.firings], ([name]) => name)) yield `levelled ${times} ${rule}`;
}
