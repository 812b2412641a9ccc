/** Acts that nearly every program has, listed once: the C library, the linker's cache, locales. */
import type { Activity } from "./activities.ts";
import { activityText } from "./lines.ts";
import type { ProgramOverview } from "./programs.ts";

/** With fewer programs there is no common part. */
const FEWEST_PROGRAMS = 4;
const MOST = 0.6;

export interface Common {
  /** Number of programs examined. */
  readonly programs: number;
  readonly activities: readonly Activity[];
}

/** The acts of most programs; none if there are few programs. */
export function commonActivities(overviews: readonly ProgramOverview[]): Common {
  const programs = overviews.filter(({ chains }) => chains.length > 0);
  const counts = new Map<string, { activity: Activity; programs: number }>();
  for (const { activities } of programs) {
    for (const [text, activity] of new Map(activities.map((each) => [activityText(each), each]))) {
      const known = counts.get(text);
      if (known) known.programs += 1;
      else counts.set(text, { activity, programs: 1 });
    }
  }
  const most = programs.length < FEWEST_PROGRAMS ? Number.POSITIVE_INFINITY : programs.length * MOST;
  const activities = [...counts.values()].filter((each) => each.programs >= most).map(({ activity }) => activity);
  return { programs: programs.length, activities };
}

/** The acts that are not among the common ones. */
export function ownActivities(activities: readonly Activity[], common: Common): readonly Activity[] {
  const known = new Set(common.activities.map(activityText));
  return activities.filter((activity) => !known.has(activityText(activity)));
}
