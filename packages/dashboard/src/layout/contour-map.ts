/**
 * A contour as a map: programs on the left, what they touch on the right, a line for each family of operations between them.
 *
 * A contour has up to 100 000 points. Targets are gathered into folders: the folder with most acts is opened until the map is
 * full, so that the map shows as much as it has room for. What is gathered is counted, never left out.
 */
import type { ContourMap } from "@isoline/verifier";
import { readAct } from "../model/acts.ts";
import { type Family, families } from "../model/families.ts";

const MOST_PROGRAMS = 26;
const MOST_TARGETS = 38;

/** What is done before the first program runs has no name in a contour. */
export const FIRST = "before the first program";

export interface Row {
  readonly title: string;
  /** How many acts it stands for. */
  readonly acts: number;
  /** How many programs or targets are gathered in it. */
  readonly gathered: number;
}

export interface Line {
  readonly program: number;
  readonly target: number;
  readonly family: Family;
  readonly acts: number;
}

export interface Map2D {
  readonly programs: readonly Row[];
  readonly targets: readonly Row[];
  readonly lines: readonly Line[];
}

interface Folder {
  readonly path: string;
  readonly children: Map<string, Folder>;
  readonly own: Set<string>;
  /** Of the targets that it is itself. */
  ownActs: number;
  acts: number;
}

const newFolder = (path: string): Folder => ({ path, children: new Map(), own: new Set(), ownActs: 0, acts: 0 });

export function mapOf({ programs }: Pick<ContourMap, "programs">): Map2D {
  const byActs = programs.toSorted((a, b) => b.acts.length - a.acts.length || (a.program < b.program ? -1 : 1));
  const shown = byActs.slice(0, byActs.length > MOST_PROGRAMS ? MOST_PROGRAMS - 1 : MOST_PROGRAMS);
  const rest = byActs.slice(shown.length);
  const folders = opened(folderOf(programs));
  const targetOf = finder(folders);
  const lines = new Map<string, { program: number; target: number; family: Family; acts: number }>();
  for (const [index, { acts }] of byActs.entries()) {
    const program = Math.min(index, shown.length);
    for (const act of acts) {
      const { family, place } = readAct(act);
      const target = targetOf(partsOf(place));
      const key = `${program} ${target} ${family}`;
      const line = lines.get(key) ?? { program, target, family, acts: 0 };
      line.acts += 1;
      lines.set(key, line);
    }
  }
  const rows = shown.map(({ program, acts }) => ({
    title: program === "" ? FIRST : program,
    acts: acts.length,
    gathered: 1,
  }));
  const gathered = rest.reduce((sum, { acts }) => sum + acts.length, 0);
  if (rest.length > 0) rows.push({ title: `${rest.length} further programs`, acts: gathered, gathered: rest.length });
  const targets = folders.map((folder) => ({
    title: titleOf(folder),
    acts: folder.acts,
    gathered: sizeOf(folder),
  }));
  const ordered = [...lines.values()].sort((a, b) => families.indexOf(a.family) - families.indexOf(b.family));
  return inReadingOrder({ programs: rows, targets, lines: ordered });
}

/** `/usr/lib/x.so` → `/`, `usr/`, `lib/`, `x.so`; whatever is no path is one part. */
function partsOf(target: string): readonly string[] {
  if (!/^[/$]/.test(target) || target.length > 4_096) return [target === "" ? "itself" : target];
  const parts = target.match(/[^/]*\/|[^/]+$/g) ?? [target];
  return parts.length > 40 ? [...parts.slice(0, 39), parts.slice(39).join("")] : parts;
}

function folderOf(programs: ContourMap["programs"]): Folder {
  const root = newFolder("");
  for (const { acts } of programs)
    for (const act of acts) {
      const { place } = readAct(act);
      let at = root;
      at.acts += 1;
      for (const part of partsOf(place)) {
        const next = at.children.get(part) ?? newFolder(at.path + part);
        at.children.set(part, next);
        next.acts += 1;
        at = next;
      }
      at.own.add(place);
      at.ownActs += 1;
    }
  return root;
}

/** Opens the largest folder again and again while its parts fit on the map. */
function opened(root: Folder): readonly Folder[] {
  let shown: readonly Folder[] = root.children.size > 0 ? [root] : [];
  for (;;) {
    const candidates = shown
      .filter(({ children }) => children.size > 0)
      .filter((folder) => shown.length - 1 + partsIn(folder).length <= MOST_TARGETS);
    const largest = candidates.reduce<Folder | undefined>(
      (a, b) => (a === undefined || b.acts > a.acts ? b : a),
      undefined,
    );
    if (largest === undefined) return shown.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    shown = shown.flatMap((folder) => (folder === largest ? partsIn(folder) : [folder]));
  }
}

/** What a folder consists of. One that is a target too, as `/` is for a program that lists it, remains for itself alone. */
function partsIn(folder: Folder): readonly Folder[] {
  const { path, children, own, ownActs } = folder;
  const itself = { path, children: new Map<string, Folder>(), own, ownActs, acts: ownActs };
  return own.size > 0 ? [itself, ...children.values()] : [...children.values()];
}

/** The row of a target: the longest path that its own begins with, part by part. */
function finder(folders: readonly Folder[]): (parts: readonly string[]) => number {
  const rows = new Map(folders.map((folder, index) => [folder.path, index]));
  return (parts) => {
    let path = "";
    let found = 0;
    for (const part of ["", ...parts]) {
      path += part;
      found = rows.get(path) ?? found;
    }
    return found;
  };
}

const sizeOf = ({ own, children }: Folder): number =>
  own.size + [...children.values()].reduce((sum, child) => sum + sizeOf(child), 0);

const titleOf = (folder: Folder) => (folder.path === "" ? "everything" : folder.path);

/** Programs in the order of what they touch, so that lines cross little. */
function inReadingOrder({ programs, targets, lines }: Map2D): Map2D {
  const weights = programs.map((_, program) => {
    const own = lines.filter((line) => line.program === program);
    const acts = own.reduce((sum, line) => sum + line.acts, 0);
    return own.reduce((sum, line) => sum + line.target * line.acts, 0) / Math.max(1, acts);
  });
  const isRest = (program: number) => (programs[program]?.gathered ?? 1) > 1;
  const order = programs
    .map((_, program) => program)
    .sort((a, b) => Number(isRest(a)) - Number(isRest(b)) || (weights[a] ?? 0) - (weights[b] ?? 0) || a - b);
  const places = new Map(order.map((program, place) => [program, place]));
  return {
    programs: order.flatMap((program) => programs[program] ?? []),
    targets,
    lines: lines.map((line) => ({ ...line, program: places.get(line.program) ?? 0 })),
  };
}
