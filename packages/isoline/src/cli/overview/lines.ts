/** The acts of a program as lines under headings. */
import { type Activity, headings } from "./activities.ts";
import { type Place, placeText, treeLines } from "./tree.ts";
import type { Consequence } from "@isoline/core/engine";

export type Section = readonly [heading: string, lines: readonly string[]];

/** Number of lines without a path that are shown one by one. */
const FEW_LINES = 12;
/** Fewer details are shown for files that are only read. */
const FEW_READ = 6;
const FEW_CHANGED = 12;
const harmless: ReadonlySet<string> = new Set(["maps", "reads", "looks up"]);

/** What these acts could lead to is said one by one, and never folded into the number of paths of a directory. */
const GRAVE: ReadonlySet<string> = new Set<Consequence>(["credentials", "persistence", "privilege"]);

function isGrave({ weight }: Activity): boolean {
  return weight !== undefined && GRAVE.has(weight.consequence);
}

/** The acts of a program under each heading, those with the gravest act first; with `all`, every line. */
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
  const gravest = new Map(Array.from(byHeading, ([heading, acts]) => [heading, Math.min(...acts.map(rankOf))]));
  return [...known, ...others]
    .toSorted((one, other) => (gravest.get(one) as number) - (gravest.get(other) as number))
    .map((heading) => [heading, linesOf(byHeading.get(heading) ?? [], fewOf(heading, all), all)]);
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

/** Only what is grave has a rank of its own here: the headings have the order of the rest. */
function rankOf(activity: Activity): number {
  return isGrave(activity) ? (activity.weight?.rank ?? Number.MAX_VALUE) : Number.MAX_VALUE;
}

/** The grave ones first, one by one, in the order of their ranks. */
function linesOf(activities: readonly Activity[], few: number, all: boolean): readonly string[] {
  const places = activities.filter((activity): activity is Activity & Place => "path" in activity);
  const grave = distinct(places.filter(isGrave).toSorted((one, other) => rankOf(one) - rankOf(other)));
  const lines = activities.flatMap((activity) => ("line" in activity ? [activity.line] : []));
  return [
    ...shortened(grave.map(placeText), all),
    ...treeLines(distinct(places.filter((place) => !isGrave(place))), few),
    ...shortened([...new Set(lines)].toSorted(), all),
  ];
}

/** The same path may be opened in several ways, or by several users. */
function distinct<P extends Place>(places: readonly P[]): P[] {
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
