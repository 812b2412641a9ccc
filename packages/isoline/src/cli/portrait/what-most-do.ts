/**
 * What nearly every program does, said once: the C library, the linker's cache, locales.
 */
import type { Habit } from "./habits.ts";
import { habitText } from "./lines.ts";
import type { Portrait } from "./portrait.ts";

/** Among fewer there is nothing that most do. */
const FEWEST_PROGRAMS = 4;
const MOST = 0.6;

export interface Common {
  /** How many programs were looked at. */
  readonly programs: number;
  readonly habits: readonly Habit[];
}

/** What most of the programs do; nothing if they are few. */
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

/** The habits that are not among the common ones. */
export function ownHabits(habits: readonly Habit[], common: Common): readonly Habit[] {
  const known = new Set(common.habits.map(habitText));
  return habits.filter((habit) => !known.has(habitText(habit)));
}
