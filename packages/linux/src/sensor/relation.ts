/** Whose process a number is, seen from the process that acts. */
import type { Relation } from "@isoline/core/identity";
import type { ActingProcess } from "./acting.ts";
import type { Sensor } from "./sensor.ts";

/**
 * So many processes above are looked through. One that is further up counts as another of the namespace: of its number in a name, less is
 * levelled than of an ancestor's.
 */
const MOST_ABOVE = 1024;

/** Where processes are looked up. */
export type Whereabouts = Pick<Sensor, "processes" | "actor" | "find" | "owner" | "pidCalled">;

/** The same, and a way to signal a process. */
export type Reach = Whereabouts & Pick<Sensor, "signal">;

const none = () => undefined;
/** Before there is a sensor. */
export const NOWHERE: Reach = { processes: [], actor: none, find: none, owner: none, pidCalled: none, signal: none };

const supervisor = process.pid;

/** `anew`: the number may count in another pid namespace than the launch's. `at` finds the process of a number. */
export function relationOf(
  processes: Whereabouts,
  number: number,
  actorPid: number,
  anew: boolean,
  at: (pid: number) => ActingProcess | undefined,
): Relation {
  const actor = processes.actor(actorPid);
  const pid = pidIn(processes, number, actor, anew);
  if (pid === undefined) return "outside";
  if (pid === actorPid) return "self";
  const found = at(pid);
  if (!found) return pid === supervisor ? "supervisor" : "outside";
  if (found.pid === actorPid) return "self";
  let above = actor?.parent;
  for (let steps = 0; above && steps < MOST_ABOVE; steps++) {
    if (above === found) return "ancestor";
    above = above.parent;
  }
  return "namespace";
}

/** The process that a number in a /proc path means. A task with its own root has a proc mount of its own pid namespace. */
function pidIn(
  processes: Whereabouts,
  number: number,
  actor: ActingProcess | undefined,
  anew: boolean,
): number | undefined {
  return actor?.countsAnew && (anew || !actor.atOwnRoot) ? processes.pidCalled(actor.pid, number) : number;
}
