/** The acts of a program as lines under headings. */
import { type Activity, headings } from "./activities.ts";
import { type Place, treeLines } from "./tree.ts";

export type Section = readonly [heading: string, lines: readonly string[]];

/** Number of lines without a path that are shown one by one. */
const FEW_LINES = 12;
/** Fewer details are shown for files that are only read. */
const FEW_READ = 6;
const FEW_CHANGED = 12;
const harmless: ReadonlySet<string> = new Set(["maps", "reads", "looks up"]);

/** The acts of a program under each heading, in the order of the headings; with `all`, every line. */
export function sectionsOf(activities: readonly Activity[], all: boolean): Section[] {
  const byHeading = new Map<string, Activity[]>();
  for (const activity of all ? activities : withoutMappedReads(activities)) {
    const known = byHeading.get(activity.heading);
    if (known) known.push(activity);
    else byHeading.set(activity.heading, [activity]);
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
export function activityText(activity: Activity): string {
  return "path" in activity
    ? `${activity.heading} ${activity.path}${activity.remark}`
    : `${activity.heading} ${activity.line}`;
}

function fewOf(heading: string, all: boolean): number {
  if (all) return Number.POSITIVE_INFINITY;
  return harmless.has(heading) ? FEW_READ : FEW_CHANGED;
}

function linesOf(activities: readonly Activity[], few: number, all: boolean): readonly string[] {
  const places = activities.filter((activity): activity is Activity & Place => "path" in activity);
  const lines = activities.flatMap((activity) => ("line" in activity ? [activity.line] : []));
  return [...treeLines(distinct(places), few), ...shortened([...new Set(lines)].toSorted(), all)];
}

/** The same path may be opened in several ways, or by several users. */
function distinct(places: readonly Place[]): Place[] {
  return [...new Map(places.map((place) => [place.path + place.remark, place])).values()];
}

/** A mapped file is read before. */
function withoutMappedReads(activities: readonly Activity[]): readonly Activity[] {
  const mapped = new Set(
    activities.flatMap((activity) => (activity.heading === "maps" && "path" in activity ? [activity.path] : [])),
  );
  return activities.filter(
    (activity) => activity.heading !== "reads" || !("path" in activity) || !mapped.has(activity.path),
  );
}

function shortened(lines: readonly string[], all: boolean): readonly string[] {
  if (all || lines.length <= FEW_LINES) return lines;
  return [...lines.slice(0, FEW_LINES - 1), `… and ${lines.length - FEW_LINES + 1} more (--all)`];
}
