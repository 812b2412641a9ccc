/** The acts of a program as lines under headings. */
import { type Habit, headings } from "./habits.ts";
import { type Place, treeLines } from "./tree.ts";

export type Section = readonly [heading: string, lines: readonly string[]];

/** Number of lines without a path that are shown one by one. */
const FEW_LINES = 12;
/** Fewer details are shown for files that are only read. */
const FEW_READ = 6;
const FEW_CHANGED = 12;
const harmless: ReadonlySet<string> = new Set(["maps", "reads", "looks up"]);

/** The acts of a program under each heading, in the order of the headings; with `all`, every line. */
export function sectionsOf(habits: readonly Habit[], all: boolean): Section[] {
  const byHeading = new Map<string, Habit[]>();
  for (const habit of all ? habits : withoutMappedReads(habits)) {
    const known = byHeading.get(habit.heading);
    if (known) known.push(habit);
    else byHeading.set(habit.heading, [habit]);
  }
  const known = headings.filter((heading) => byHeading.has(heading));
  const others = [...byHeading.keys()]
    .filter((heading) => !(headings as readonly string[]).includes(heading))
    .toSorted();
  return [...known, ...others].map((heading) => [
    heading,
    linesOf(byHeading.get(heading) ?? [], fewOf(heading, all), all),
  ]);
}

/** One text for each act, to compare programs. */
export function habitText(habit: Habit): string {
  return "path" in habit ? `${habit.heading} ${habit.path}${habit.remark}` : `${habit.heading} ${habit.line}`;
}

function fewOf(heading: string, all: boolean): number {
  if (all) return Number.POSITIVE_INFINITY;
  return harmless.has(heading) ? FEW_READ : FEW_CHANGED;
}

function linesOf(habits: readonly Habit[], few: number, all: boolean): readonly string[] {
  const places = habits.filter((habit): habit is Habit & Place => "path" in habit);
  const lines = habits.flatMap((habit) => ("line" in habit ? [habit.line] : []));
  return [...treeLines(distinct(places), few), ...shortened([...new Set(lines)].toSorted(), all)];
}

/** The same path may be opened in several ways, or by several users. */
function distinct(places: readonly Place[]): Place[] {
  return [...new Map(places.map((place) => [place.path + place.remark, place])).values()];
}

/** A mapped file is read before. */
function withoutMappedReads(habits: readonly Habit[]): readonly Habit[] {
  const mapped = new Set(habits.flatMap((habit) => (habit.heading === "maps" && "path" in habit ? [habit.path] : [])));
  return habits.filter((habit) => habit.heading !== "reads" || !("path" in habit) || !mapped.has(habit.path));
}

function shortened(lines: readonly string[], all: boolean): readonly string[] {
  if (all || lines.length <= FEW_LINES) return lines;
  return [...lines.slice(0, FEW_LINES - 1), `… and ${lines.length - FEW_LINES + 1} more (--all)`];
}
