/** A contour for people: by program, what it may do. */
import {
  type Actor,
  type Contour,
  formatId,
  type Event,
  type Exchange,
  programName,
  type Task,
  ZERO_DIGEST,
} from "@isoline/core";
import { type Habit, habitOf, headings } from "./habits.ts";
import { type Place, treeLines } from "./tree.ts";

/** What one program may do. */
export interface ProgramPortrait {
  /** Names of the programs from the first of the namespace to this one; empty before the first. */
  readonly chain: readonly string[];
  /** Path of what it executes; empty before the first program. */
  readonly path: string;
  /** As whom it acts. */
  readonly users: readonly string[];
  readonly points: number;
  readonly habits: ReadonlyMap<string, Habit[]>;
}

/** Lines that are no paths and still shown one by one. */
const FEW_LINES = 12;

/** Programs in the order of the tree of tasks, whatever was done before the first of them in front. */
export function portraitsOf(contour: Contour<Event> | Contour<Exchange>): ProgramPortrait[] {
  const any = contour as Contour<Exchange>;
  const indices = new Map<string, number[]>();
  for (let index = 0; index < any.size; index++) {
    const { task } = any.actor(index);
    const known = indices.get(task);
    if (known) known.push(index);
    else indices.set(task, [index]);
  }
  const portrait = (id: string, task: Task | undefined): ProgramPortrait[] => {
    const own = indices.get(id);
    return own === undefined ? [] : [portraitOf(any, task, own)];
  };
  return [...portrait(ZERO_DIGEST, undefined), ...Array.from(any.tasks(), (task) => portrait(task.id, task)).flat()];
}

function portraitOf(contour: Contour<Exchange>, task: Task | undefined, indices: readonly number[]): ProgramPortrait {
  const habits = new Map<string, Habit[]>();
  for (const index of indices) {
    const habit = habitOfAny(contour, index);
    const known = habits.get(habit.heading);
    if (known) known.push(habit);
    else habits.set(habit.heading, [habit]);
  }
  return {
    chain: task === undefined ? [] : contour.taskChain(task.id).map(programName),
    path: task?.images[0].path ?? "",
    users: [...new Set(indices.map((index) => userOf(contour.actor(index))))],
    points: indices.length,
    habits,
  };
}

/** Events of other profiles are listed by the name that their profile gives them. */
function habitOfAny(contour: Contour<Exchange>, index: number): Habit {
  const event = contour.event(index);
  if (contour.profile.name === "iso1") return habitOf(event as Event);
  return { heading: event.op, line: contour.profile.formatAct(event).slice(event.op.length + 1) };
}

function userOf({ credentials: { uid, euid, capabilities } }: Actor): string {
  const who = uid === euid ? formatId(uid) : `${formatId(uid)} acting as ${formatId(euid)}`;
  return capabilities === 0n ? who : `${who} with capabilities 0x${capabilities.toString(16)}`;
}

/** The lines of a program under each heading, in the order of the headings. */
export function habitLines({ habits }: ProgramPortrait, all: boolean): [heading: string, lines: string[]][] {
  const known = headings.filter((heading) => habits.has(heading));
  const others = [...habits.keys()].filter((heading) => !(headings as readonly string[]).includes(heading)).toSorted();
  return [...known, ...others].map((heading) => {
    const entries = habits.get(heading) ?? [];
    const places = entries.filter((habit): habit is Habit & Place => "path" in habit);
    const lines = entries.flatMap((habit) => ("line" in habit ? [habit.line] : []));
    return [heading, [...treeLines(distinct(places), all), ...shortened([...new Set(lines)].toSorted(), all)]];
  });
}

/** The same path may be opened in several ways, or as several users. */
function distinct(places: readonly Place[]): Place[] {
  return [...new Map(places.map((place) => [place.path + place.remark, place])).values()];
}

function shortened(lines: readonly string[], all: boolean): readonly string[] {
  if (all || lines.length <= FEW_LINES) return lines;
  return [...lines.slice(0, FEW_LINES - 1), `… and ${lines.length - FEW_LINES + 1} more (--all)`];
}
