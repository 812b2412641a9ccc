/** Which files of a contour an update replaces, and by what. */
import { type Contour, filesIn } from "@isoline/core/contour";
import type { Digest } from "@isoline/core/digest";
import { escapeBytes } from "@isoline/core/event";
import type { Tree, Versions } from "./trees.ts";

/** A file of the contour that the update replaces. Paths are those of the contour. */
export interface Predicted {
  readonly path: string;
  readonly from: Digest;
  readonly to: Digest;
  /** Where it is another path: the same file of the new version, by a link that leads to it or by its content. */
  readonly toPath: string;
}

export interface Prediction {
  readonly predicted: readonly Predicted[];
  /** What could not be predicted, in words. */
  readonly unpredicted: readonly string[];
  /** Files that are new in this version: what uses them departs. */
  readonly added: readonly string[];
}

/** A file of the old version, and what it is in the new one. */
interface Successor {
  readonly path: string;
  readonly from: Digest;
  readonly to: { readonly path: string; readonly digest: Digest } | undefined;
}

export function predict(contour: Contour, { from, to }: Versions): Prediction {
  const successors = successorsOf(from, to);
  const byDigest = groupBy(successors, (each) => each.from);
  const byName = groupBy(successors, (each) => nameOf(each.path));
  const predicted = new Map<string, Predicted>();
  const unpredicted = new Set<string>([...from.unread, ...to.unread]);
  const present = new Set(to.files.values());
  for (const { path, digest } of filesIn(contour)) {
    const key = `${digest} ${path}`;
    const there = best(path, byDigest.get(digest) ?? []);
    if (there !== undefined) {
      if (there.to === undefined) unpredicted.add(`${path} is not in the new version`);
      else if (there.to.digest !== digest || there.to.path !== there.path)
        predicted.set(key, { path, from: digest, to: there.to.digest, toPath: moved(path, there.path, there.to.path) });
      continue;
    }
    const named = best(path, byName.get(nameOf(path)) ?? []);
    if (named !== undefined && isSuffix(named.path, path) && !present.has(digest))
      unpredicted.add(`${path} has another content on the contour than in the old version`);
  }
  const added = [...to.files.keys()].filter((path) => !from.files.has(path));
  return { predicted: [...predicted.values()], unpredicted: [...unpredicted].sort(), added };
}

/** The file of the new version that stands for each one of the old. */
function successorsOf(from: Tree, to: Tree): Successor[] {
  const byContent = new Map([...to.files].map(([path, digest]) => [digest, path]));
  const linked = linkedFiles(from, to);
  return [...from.files].map(([path, digest]) => {
    const same = to.files.get(path);
    const next = linked.get(path);
    const elsewhere = byContent.get(digest);
    const now =
      same !== undefined
        ? { path, digest: same }
        : next !== undefined
          ? { path: next, digest: to.files.get(next) as Digest }
          : elsewhere !== undefined
            ? { path: elsewhere, digest }
            : undefined;
    const escaped = now && { path: escapeBytes(Buffer.from(now.path)), digest: now.digest };
    return { path: escapeBytes(Buffer.from(path)), from: digest, to: escaped };
  });
}

/** Files that the same link leads to in both versions, as `libz.so.1` leads to `libz.so.1.3` and then to `libz.so.1.4`. */
function linkedFiles(from: Tree, to: Tree): ReadonlyMap<string, string> {
  const linked = new Map<string, string>();
  for (const link of from.links.keys()) {
    const [before, after] = [targetOf(from, link), targetOf(to, link)];
    if (before !== undefined && after !== undefined && before !== after) linked.set(before, after);
  }
  return linked;
}

const MOST_LINKS = 40;

/** The regular file of the tree that a link leads to. */
function targetOf({ files, links }: Tree, link: string): string | undefined {
  let path = link;
  for (let steps = 0; steps < MOST_LINKS; steps++) {
    if (files.has(path)) return path;
    const text = links.get(path);
    if (text === undefined) return undefined;
    path = resolved(path, text);
  }
  return undefined;
}

function resolved(link: string, text: string): string {
  const parts = text.startsWith("/") ? [] : link.split("/").slice(0, -1);
  for (const part of text.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** The file whose path is the longest end of a path of the contour; else one of the same name. */
function best(path: string, successors: readonly Successor[]): Successor | undefined {
  const fitting = successors.filter((each) => isSuffix(each.path, path));
  const named = successors.filter((each) => nameOf(each.path) === nameOf(path));
  return (fitting.length > 0 ? fitting : named).toSorted((one, other) => other.path.length - one.path.length)[0];
}

function isSuffix(path: string, of: string): boolean {
  return of === path || of.endsWith(`/${path}`);
}

/** The path on the contour, with the end that is the file's replaced by its new one. */
function moved(path: string, from: string, to: string): string {
  if (from === to) return path;
  if (isSuffix(from, path)) return `${path.slice(0, path.length - from.length)}${to}`;
  const [directory, now] = [path.slice(0, path.lastIndexOf("/") + 1), nameOf(to)];
  return `${directory}${now}`;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function groupBy<T>(entries: readonly T[], keyOf: (entry: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const entry of entries) {
    const group = groups.get(keyOf(entry));
    if (group === undefined) groups.set(keyOf(entry), [entry]);
    else group.push(entry);
  }
  return groups;
}
