/** What may differ between a learnt program and the same program after an update: the content of files, and where one lies. */
import { type Digest, isDigest } from "../../digest.ts";
import type { Task } from "../../identity/task.ts";

/** A file whose content is not the learnt one. */
export interface ContentChange {
  readonly path: string;
  readonly from: Digest;
  readonly to: Digest;
}

/** A program that has the learnt content under another path. */
export interface Move {
  readonly from: string;
  readonly to: string;
}

/** Everything in which two things differ that are otherwise the same. */
export interface Changes {
  readonly contents: readonly ContentChange[];
  readonly moves: readonly Move[];
}

export const NO_CHANGES: Changes = { contents: [], moves: [] };

export function both(one: Changes, other: Changes): Changes {
  return { contents: [...one.contents, ...other.contents], moves: [...one.moves, ...other.moves] };
}

export function countOf({ contents, moves }: Changes): number {
  return contents.length + moves.length;
}

/** The changes between two digests of one file; undefined if one of them is not known, for then nothing can be said. */
export function contentChange(path: string, from: string | undefined, to: string | undefined): Changes | undefined {
  if (from === to) return NO_CHANGES;
  if (from === undefined || to === undefined || !isDigest(from) || !isDigest(to)) return undefined;
  return { contents: [{ path, from, to }], moves: [] };
}

/** The changes between two lists whose entries end in `@DIGEST`; undefined if anything else differs. */
export function listChanges(learnt: readonly string[], now: readonly string[]): Changes | undefined {
  if (learnt.length !== now.length) return undefined;
  let changes = NO_CHANGES;
  for (const [at, entry] of now.entries()) {
    const before = learnt[at] as string;
    if (entry === before) continue;
    const [path, digest] = split(entry);
    const [pathBefore, digestBefore] = split(before);
    // A text that a shell is given is not a file that can be updated.
    const change = path === pathBefore && /^[/$]/.test(path) && contentChange(path, digestBefore, digest);
    if (!change) return undefined;
    changes = both(changes, change);
  }
  return changes;
}

/** The changes between a learnt program and one with the same place among its parent's children; undefined if it is another one. */
export function programChanges(learnt: Task, now: Task): Changes | undefined {
  if (learnt.images.length !== now.images.length || learnt.as !== now.as) return undefined;
  let changes = listChanges(learnt.runs ?? [], now.runs ?? []);
  for (const [at, image] of now.images.entries()) {
    if (changes === undefined) return undefined;
    const before = learnt.images[at] as Task["images"][0];
    const change =
      before.path === image.path
        ? contentChange(image.path, before.digest, image.digest)
        : at === 0 && image.digest !== undefined && before.digest === image.digest
          ? { contents: [], moves: [{ from: before.path, to: image.path }] }
          : undefined;
    changes = change && both(changes, change);
  }
  return changes;
}

function split(entry: string): [string, string | undefined] {
  const at = entry.lastIndexOf("@");
  return at >= 0 && isDigest(entry.slice(at + 1)) ? [entry.slice(0, at), entry.slice(at + 1)] : [entry, undefined];
}
