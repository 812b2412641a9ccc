/**
 * Short names for entries that are listed once and referred to often: `node~3fa9c1d2` is the task `node` whose id begins with
 * 3fa9c1d2.
 *
 * A handle depends only on the name and the id of its entry, so adding or removing another entry renames nothing. The one
 * exception: if two entries of the same name begin with the same eight digits, both handles are extended until they differ.
 */
import type { Digest } from "../digest.ts";

const DIGITS = 8;
const MAX_NAME = 40;

export interface Bearer {
  readonly name: string;
  readonly id: Digest;
}

/** A handle for each entry, by id. */
export function handlesOf(bearers: Iterable<Bearer>): Map<Digest, string> {
  const byName = new Map<string, Digest[]>();
  for (const { name, id } of bearers) {
    const label = labelOf(name);
    const ids = byName.get(label);
    if (ids) ids.push(id);
    else byName.set(label, [id]);
  }
  const handles = new Map<Digest, string>();
  for (const [label, ids] of byName) {
    ids.sort();
    ids.forEach((id, at) => handles.set(id, `${label}~${id.slice(0, distinct(id, ids[at - 1], ids[at + 1]))}`));
  }
  return handles;
}

/** Whether a handle is one that an entry may have: its name, and at least eight digits of its id. */
export function isHandleOf(handle: string, { name, id }: Bearer): boolean {
  const label = labelOf(name);
  const digits = handle.slice(label.length + 1);
  return handle === `${label}~${digits}` && digits.length >= DIGITS && id.startsWith(digits);
}

/** The name as a handle has it, cut at a whole character, because half a surrogate pair could not be written. */
function labelOf(name: string): string {
  return name.length <= MAX_NAME ? name : [...name].slice(0, MAX_NAME).join("");
}

/** The number of leading digits that distinguish an id from its neighbours. */
function distinct(id: Digest, ...neighbours: readonly (Digest | undefined)[]): number {
  return Math.max(DIGITS, ...neighbours.map((other) => (other === undefined ? 0 : shared(id, other) + 1)));
}

function shared(a: Digest, b: Digest): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}
