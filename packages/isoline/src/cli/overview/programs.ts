/** A contour by program: what each may do. */
import { type Contour, type Phase, phasesOf, userPhrase } from "@isoline/core/contour";
import { ZERO_DIGEST } from "@isoline/core/digest";
import { consequenceOf } from "@isoline/core/engine";
import type { Event } from "@isoline/core/event";
import { type Task, taskPhrase } from "@isoline/core/identity";
import type { Exchange } from "@isoline/core/profile";
import { type Activity, activityOf } from "./activities.ts";

/** What one program may do, in all the ways in which it was started. */
export interface ProgramOverview {
  /** Names from the first program of the namespace to this one, one chain for each way; empty before the first program. */
  readonly chains: readonly (readonly string[])[];
  /** Path of its executable; empty before the first program. */
  readonly path: string;
  /** For a canister: whether it is part of the runtime or of the workload. */
  readonly phase: Phase | undefined;
  /** The credentials with which it acts. */
  readonly users: readonly string[];
  readonly activities: readonly Activity[];
  /** How many more acts are what every start loads; 0 where each task is an entry. */
  readonly ordinary: number;
}

/**
 * Programs in the order of the tree of tasks; acts before the first program come first. With `apart`, one entry for each task;
 * otherwise one for each executable and the way it was called.
 */
export function programsOf(contour: Contour<Exchange>, apart: boolean): ProgramOverview[] {
  const indices = indicesByTask(contour);
  const phaseOf = phasesOf(contour);
  const sitters = new Map<string, { path: string; phase: Phase | undefined; tasks: Task[]; indices: number[] }>();
  const before = indices.get(ZERO_DIGEST);
  if (before) sitters.set("", { path: "", phase: phaseOf?.(ZERO_DIGEST), tasks: [], indices: before });
  for (const task of contour.tasks()) {
    const own = indices.get(task.id);
    if (own === undefined) continue;
    const { path } = task.images[0];
    const phase = phaseOf?.(task.id);
    const key = apart ? task.id : `${phase} ${path} ${taskPhrase(task)} ${task.runs?.join() ?? ""}`;
    const known = sitters.get(key);
    if (known) {
      known.tasks.push(task);
      known.indices.push(...own);
    } else sitters.set(key, { path, phase, tasks: [task], indices: [...own] });
  }
  return Array.from(sitters.values(), ({ path, phase, tasks, indices: own }) => {
    const told = apart ? own : own.filter((index) => !isOrdinary(contour, index));
    return {
      chains: tasks.map(({ id }) => contour.taskChain(id).map(taskPhrase)),
      path,
      phase,
      users: [...new Set(own.map((index) => userPhrase(contour.actor(index).credentials)))],
      activities: told.map((index) => habitOfAny(contour, index)),
      ordinary: own.length - told.length,
    };
  });
}

function indicesByTask(contour: Contour<Exchange>): Map<string, number[]> {
  const indices = new Map<string, number[]>();
  for (let index = 0; index < contour.size; index++) {
    const { task } = contour.actor(index);
    const known = indices.get(task);
    if (known) known.push(index);
    else indices.set(task, [index]);
  }
  return indices;
}

function isOrdinary(contour: Contour<Exchange>, index: number): boolean {
  if (contour.profile.name !== "iso1") return false;
  return consequenceOf(contour.event(index) as Event).consequence === "start-up";
}

/** Events of other profiles are listed by the name that their profile gives them. */
function habitOfAny(contour: Contour<Exchange>, index: number): Activity {
  const event = contour.event(index);
  if (contour.profile.name === "iso1") return activityOf(event as Event);
  return { heading: event.op, line: contour.profile.formatAct(event).slice(event.op.length + 1) };
}
