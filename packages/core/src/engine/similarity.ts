/** How similar two events are: their places, the fields that differ, and how close two paths are. */
import type { Event, FieldValue } from "../event/event.ts";
import { subjectRecord } from "../event/event.ts";
import { fieldsOf } from "../event/operations.ts";

/** The place of an event: a path or an address, otherwise the field that distinguishes subjects of this operation. */
export function placeOf(event: Event): string {
  const subject = subjectRecord(event);
  const place = subject["path"] ?? subject["address"];
  if (place !== undefined) return place as string;
  return fieldsOf(event.op)
    .map(([name]) => String(subject[name]))
    .join(" ");
}

/** The directory of a place, without a slash at the end; empty for `/`, for a token alone, and for a text that is not a path. */
export function directoryOf(place: string): string {
  return place.slice(0, Math.max(0, place.lastIndexOf("/")));
}

function nameOf(place: string): string {
  return place.slice(place.lastIndexOf("/") + 1);
}

/** Leading components that two places share: `$HOME/.ssh/id` and `$HOME/.npmrc` share one. */
function sharedComponents(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  let shared = 0;
  for (let at = 0; at <= length; at++) {
    const atEnd = (at === one.length || one[at] === "/") && (at === other.length || other[at] === "/");
    if (atEnd && at > 0) shared += 1;
    if (at === length || one[at] !== other[at]) break;
  }
  return shared;
}

/** Closeness of two places, the larger the closer: shared directories count most, then the same name. */
export function closeness(one: string, other: string): number {
  const sameName = nameOf(one) === nameOf(other) ? 1 : 0;
  return sharedComponents(one, other) * 4 + sameName * 6 - Math.min(3, Math.abs(depth(one) - depth(other)));
}

/** Whether two places share more than their first directory, or the name. */
export function areRelated(one: string, other: string): boolean {
  return sharedComponents(one, other) > 1 || nameOf(one) === nameOf(other);
}

function depth(place: string): number {
  let slashes = 0;
  for (const character of place) if (character === "/") slashes += 1;
  return slashes;
}

/** Type bits of a mode (inode(7)). */
const S_IFMT = 0o170000;

/** Whether both events act on the same type of file. A file is nearer to a file than to its directory. */
export function isSameKind(one: Event, other: Event): boolean {
  const [first, second] = [subjectRecord(one)["mode"], subjectRecord(other)["mode"]];
  if (typeof first !== "number" || typeof second !== "number") return first === second;
  return (first & S_IFMT) === (second & S_IFMT);
}

/** One field in which an event differs from a learnt event of the same operation. */
export interface Difference {
  readonly field: string;
  readonly learnt: string | undefined;
  readonly now: string | undefined;
}

/** The fields in which two events of one operation differ, the actor included, in the order of the operation table. */
export function differences(learnt: Event, now: Event): Difference[] {
  const found: Difference[] = [];
  const compare = (field: string, one: FieldValue, other: FieldValue) => {
    const [was, is] = [one, other].map((value) => (value === undefined ? undefined : String(value)));
    if (was !== is) found.push({ field, learnt: was, now: is });
  };
  const [one, other] = [subjectRecord(learnt), subjectRecord(now)];
  for (const [name] of fieldsOf(now.op)) compare(name, one[name], other[name]);
  const [before, after] = [learnt.actor, now.actor];
  compare("task", before.task, after.task);
  for (const name of Object.keys(after.credentials) as (keyof typeof after.credentials)[]) {
    compare(
      name === "uid" || name === "gid" ? `actor ${name}` : name,
      before.credentials[name],
      after.credentials[name],
    );
  }
  return found;
}
