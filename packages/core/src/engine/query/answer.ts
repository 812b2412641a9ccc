/** The answer to a question: the points that fit, by program, the gravest first. */
import type { Contour } from "../../contour/contour.ts";
import { type Digest, ZERO_DIGEST } from "../../digest.ts";
import type { Event } from "../../event/event.ts";
import { phrase } from "../../event/phrase.ts";
import { formatAct, formatId } from "../../event/text.ts";
import { taskPhrase } from "../../identity/task.ts";
import { consequenceOf } from "../consequence.ts";
import type { Consequence } from "../consequence/classes.ts";
import { type ActorView, Query } from "./query.ts";

/** A point that fits. */
export interface FoundAct {
  readonly index: number;
  readonly point: Digest;
  /** As a contour line has it, and as a sentence. */
  readonly act: string;
  readonly says: string;
  readonly consequence: Consequence;
}

/** What one program may do of what was asked, in all the ways in which it comes to run. */
export interface FoundProgram {
  /** Empty for acts before the first program. */
  readonly program: string;
  readonly path: string;
  /** Names from the first program of the namespace to this one, one chain for each way. */
  readonly chains: readonly (readonly string[])[];
  readonly users: readonly string[];
  readonly acts: readonly FoundAct[];
}

interface Ranked extends FoundAct {
  readonly rank: number;
}

/**
 * Every point of a contour that fits a question, by program; the program with the gravest act first. Throws `bad-query`.
 *
 * @example
 * import { Contour, eventFromJson, iso1, queryContour } from "@isoline/core";
 *
 * const none = "0".repeat(64);
 * const ids = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0 };
 * const actor = { task: none, parent: none, credentials: { ...ids, capabilities: "0x0" } };
 *
 * const contour = Contour.create({ profile: iso1, policy: "{}" });
 * contour.add(eventFromJson({ op: "mkdir", actor, subject: { path: "$HOME/.ssh", mode: 448 } }));
 * console.log(queryContour(contour, "write path=$HOME/.ssh/").length, queryContour(contour, "connect").length);
 * // prints: 1 0
 */
export function queryContour(contour: Contour, question: string): readonly FoundProgram[] {
  const query = Query.parse(question);
  const view = viewsOf(contour);
  const programs = new Map<string, Found>();
  for (let index = 0; index < contour.size; index++) {
    const event = contour.event(index);
    const seen = view(contour.actorNumber(index));
    if (!query.matches(event, seen)) continue;
    const task = seen.chain.at(-1);
    const key = task === undefined ? "" : `${task.images[0].path} ${taskPhrase(task)} ${task.runs?.join() ?? ""}`;
    const known = programs.get(key) ?? { tasks: new Set(), users: new Set(), acts: new Map() };
    programs.set(key, known);
    known.tasks.add(task?.id ?? ZERO_DIGEST);
    known.users.add(userOf(event));
    const act = formatAct(event);
    if (!known.acts.has(act)) known.acts.set(act, foundAct(contour, index, event, act));
  }
  return Array.from(programs.values(), (found) => programOf(contour, found))
    .toSorted((one, other) => one.rank - other.rank)
    .map(({ program, path, chains, users, acts }) => ({ program, path, chains, users, acts }));
}

interface Found {
  readonly tasks: Set<Digest>;
  readonly users: Set<string>;
  readonly acts: Map<string, Ranked>;
}

function programOf(contour: Contour, { tasks, users, acts }: Found): FoundProgram & { readonly rank: number } {
  const ids = [...tasks];
  const task = contour.task(ids[0] as Digest);
  const sorted = [...acts.values()].toSorted((one, other) => one.rank - other.rank || (one.act < other.act ? -1 : 1));
  return {
    rank: sorted[0]?.rank ?? 0,
    program: task === undefined ? "" : taskPhrase(task),
    path: task?.images[0].path ?? "",
    chains: ids.map((id) => contour.taskChain(id).map(taskPhrase)),
    users: [...users],
    acts: sorted.map(({ index, point, act, says, consequence }) => ({ index, point, act, says, consequence })),
  };
}

/** The actors of a contour as questions see them, each looked up once. */
export function viewsOf(contour: Contour): (actorNumber: number) => ActorView {
  const handles = contour.taskHandles();
  const views: ActorView[] = [];
  return (number) =>
    (views[number] ??= {
      actor: contour.actors[number] as ActorView["actor"],
      chain: contour.taskChain((contour.actors[number] as ActorView["actor"]).task),
      handles,
    });
}

function foundAct(contour: Contour, index: number, event: Event, act: string): Ranked {
  const { consequence, rank } = consequenceOf(event);
  return { index, point: contour.point(index), act, says: phrase(event), consequence, rank };
}

function userOf({ actor: { credentials } }: Event): string {
  const { uid, euid } = credentials;
  return uid === euid ? formatId(uid) : `${formatId(uid)} acting as ${formatId(euid)}`;
}
