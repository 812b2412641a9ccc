/** Many paths in a few lines: if a directory has too many entries to read, their number is shown instead. */
import { grouped } from "../output/wording.ts";

export interface Place {
  readonly path: string;
  readonly remark: string;
}

interface Branch {
  readonly branches: Map<string, Branch>;
  readonly places: Place[];
  size: number;
}

/** Lines for some places. Up to `few` entries of one directory, or below it, are listed one by one. */
export function treeLines(places: readonly Place[], few: number): string[] {
  const sorted = places.toSorted((one, other) => (one.path + one.remark < other.path + other.remark ? -1 : 1));
  if (sorted.length <= few) return sorted.map(placeText);
  const root = newBranch();
  for (const place of sorted) plant(root, place);
  return [...root.branches].flatMap(([name, branch]) => linesOf(branch, name, few, name === ""));
}

/** Directories that stand for everything below them are cut there; never the root of all. */
function linesOf(branch: Branch, path: string, few: number, isRoot = false): string[] {
  const { branches, places, size } = branch;
  if (!isRoot && size > few && branches.size > few) return [`${path}/**   ${grouped(size)} paths`];
  const own =
    !isRoot && size > few && places.length > few
      ? [`${path}/*   ${grouped(places.length)} paths`]
      : places.map(placeText);
  return [...own, ...[...branches].flatMap(([name, below]) => linesOf(below, `${path}/${name}`, few))];
}

/** Adds a place to the branch of its directory. The first component is `""` for `/…`, and a token for `$HOME/…`. */
function plant(root: Branch, place: Place): void {
  const steps = place.path.replace(/\/$/, "").split("/");
  let at = root;
  for (const step of steps.length > 1 ? steps.slice(0, -1) : steps) {
    at = grow(at, step);
    at.size += 1;
  }
  at.places.push(place);
}

function grow(branch: Branch, name: string): Branch {
  const known = branch.branches.get(name) ?? newBranch();
  branch.branches.set(name, known);
  return known;
}

function newBranch(): Branch {
  return { branches: new Map(), places: [], size: 0 };
}

export function placeText({ path, remark }: Place): string {
  return path + remark;
}
