/** Departures that may become points. */
import type { Contour } from "../../contour/contour.ts";
import type { Digest } from "../../digest.ts";
import type { Event } from "../../event/event.ts";
import type { Call, Image, Task } from "../../identity/task.ts";
import type { Consequence } from "../consequence/classes.ts";
import type { Classified } from "../updates/updates.ts";

/** A departure, as far as its cause needs it. */
export interface Caused extends Classified {
  readonly event: Event;
  /** Its consequence as a departure: what a program of the contour loads is no part of a start (`consequenceOfDeparture`). */
  readonly consequence?: Consequence;
  /** Those of its events that were refused. */
  readonly refused: number;
  /** Names of the programs that led to it, outermost first. */
  readonly names: readonly string[];
}

export interface Proposal extends Caused {
  readonly point: Digest;
  /** Its actor's programs, outermost first. */
  readonly chain: readonly Task[];
  readonly count: number;
  /** Why it cannot become a point, if it cannot. */
  readonly open?: string;
}

/** What adding proposals to a contour comes to. */
export interface Settled {
  readonly added: readonly Proposal[];
  /** Acts of programs whose execution is neither on the contour nor among what was chosen. */
  readonly orphaned: readonly Proposal[];
  /** The executions that would have to be chosen with them, outermost first. */
  readonly needed: readonly Proposal[];
  readonly open: readonly Proposal[];
}

/**
 * Sorts what was chosen among all the departures of a run. An act of a program that was not started before is only taken with
 * the execution that started it: otherwise one would permit what a program does, and not the program.
 */
export function settle(chosen: readonly Proposal[], all: readonly Proposal[], contour: Contour): Settled {
  const starts = new Map<string, Proposal[]>();
  for (const proposal of all) {
    const key = startedBy(proposal.event);
    if (key !== undefined) starts.set(key, [...(starts.get(key) ?? []), proposal]);
  }
  const wanted = new Set(chosen.filter(({ open }) => open === undefined));
  const mayRun = new Map<Digest, boolean>();
  const runs = (task: Task): boolean => {
    const known = mayRun.get(task.id);
    if (known !== undefined) return known;
    // A lineage has no circle: the identity of a child is derived from its parent's.
    const started =
      contour.task(task.id) !== undefined || (starts.get(startOf(task)) ?? []).some((one) => wanted.has(one));
    mayRun.set(task.id, started);
    return started;
  };
  const added: Proposal[] = [];
  const orphaned: Proposal[] = [];
  for (const proposal of chosen) {
    if (!wanted.has(proposal)) continue;
    if (proposal.chain.every(runs)) added.push(proposal);
    else orphaned.push(proposal);
  }
  const needed = orphaned.flatMap(({ chain }) =>
    chain.filter(({ id }) => contour.task(id) === undefined).flatMap((task) => starts.get(startOf(task)) ?? []),
  );
  const more = [...new Set(needed)].filter((one) => !wanted.has(one));
  return { added, orphaned, needed: more, open: chosen.filter(({ open }) => open !== undefined) };
}

/** Adds proposals to a contour, with the programs that led to them. */
export function addProposals(contour: Contour, proposals: readonly Proposal[]): number {
  const before = contour.size;
  for (const { event, chain } of proposals) {
    for (const task of chain) contour.defineTask(task);
    contour.add(event);
  }
  return contour.size - before;
}

function startedBy(event: Event): string | undefined {
  return event.op === "exec" ? startKey(event.actor.task, event.subject, event.subject) : undefined;
}

function startOf(task: Task): string {
  return startKey(task.parent, task.images[0], task);
}

/** What an execution and the program that it starts have in common: who executed what file, called how, to run what. */
function startKey(parent: Digest, { path, digest }: Image, { as, runs }: Call): string {
  return JSON.stringify([parent, path, digest ?? null, as ?? null, runs ?? []]);
}
