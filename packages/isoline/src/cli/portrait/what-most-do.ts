/** Acts that nearly every program has, listed once: the C library, the linker's cache, locales. */
import type { Habit } from "./habits.ts";
import { habitText } from "./lines.ts";
import type { Portrait } from "./portrait.ts";

/** With fewer programs there is no common part. */
const FEWEST_PROGRAMS = 4;
const MOST = 0.6;

export interface Common {
  /** Number of programs examined. */
  readonly programs: number;
  readonly habits: readonly Habit[];
}

/** The acts of most programs; none if there are few programs. */
export function commonHabits(portraits: readonly Portrait[]): Common {
  const programs = portraits.filter(({ chains }) => chains.length > 0);
  const counts = new Map<string, { habit: Habit; programs: number }>();
  for (const { habits } of programs) {
    for (const [text, habit] of new Map(habits.map((each) => [habitText(each), each]))) {
      const known = counts.get(text);
      if (known) known.programs += 1;
      else counts.set(text, { habit, programs: 1 });
    }
  }
  const most = programs.length < FEWEST_PROGRAMS ? Number.POSITIVE_INFINITY : programs.length * MOST;
  const habits = [...counts.values()].filter((each) => each.programs >= most).map(({ habit }) => habit);
  return { programs: programs.length, habits };
}

/** The acts that are not among the common ones. */
export function ownHabits(habits: readonly Habit[], common: Common): readonly Habit[] {
  const known = new Set(common.habits.map(habitText));
  return habits.filter((habit) => !known.has(habitText(habit)));
}
