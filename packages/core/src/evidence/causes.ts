/**
 * Why an act was new in a run: what comes nearest to it among the acts that other runs did.
 *
 * Programs are compared by their place in the tree, as a comparison of two contours does, so that a program whose content
 * changed is the same program.
 */
import { pathOf, withoutDigests } from "../contour/act-words.ts";
import type { Contour } from "../contour/contour.ts";
import { counterpartsOf } from "../contour/counterparts.ts";
import { ZERO_DIGEST } from "../digest.ts";
import { taskPhrase } from "../identity/task.ts";
import type { Exchange } from "../profile/profile.ts";
import type { Evidence } from "./evidence.ts";
import { type Novelty, ranksOf, type Way } from "./novelty.ts";

/** Each cause, and what it says. */
export const causes = {
  programs: "a program that other runs did not start, and what it did",
  content: "the same act on other content, or by a program whose content changed",
  state: "another act on the same file, or the file was found otherwise: what earlier runs left",
  names: "the same act under another name",
  acts: "nothing like it in another run",
  removed: "it was removed from the contour since",
} as const;

export type Cause = keyof typeof causes;

/** Why a point was new. */
export interface Finding {
  readonly cause: Cause;
  /** The program that acts, as messages show it. */
  readonly program: string;
  /** The act as contour files show it; empty for a point that was removed. */
  readonly act: string;
}

/** The two earliest runs that had something: enough to know whether a run other than a given one, or an earlier one, had it. */
interface Seen {
  first: number;
  second: number;
}

const NEVER = Number.POSITIVE_INFINITY;

/** What an act has in common with others of its program, the most telling first. */
interface Likeness {
  readonly cause: Cause;
  readonly key: string;
}

/** Explains what was new in runs of one contour. Everything that is to be explained is given at once: one pass over the contour. */
export class Explainer<E extends Exchange> {
  readonly #contour: Contour<E>;
  readonly #evidence: Evidence;
  readonly #way: Way;
  readonly #ranks: Uint32Array;
  /** The place in the tree of programs, by the number of the actor. */
  readonly #places: number[];
  readonly #byPlace = new Map<number, Seen>();
  readonly #likenesses = new Map<string, Seen>();

  constructor(contour: Contour<E>, evidence: Evidence, way: Way, novelties: Iterable<Novelty>) {
    this.#contour = contour;
    this.#evidence = evidence;
    this.#way = way;
    this.#ranks = ranksOf(evidence);
    const { placesA } = counterpartsOf(contour, contour);
    this.#places = contour.actors.map(({ task }) => placesA.get(task) ?? 0);
    this.#look(novelties);
  }

  /** Why a point was new in the run of this rank. */
  explain({ index }: Novelty, rank: number): Finding {
    if (index < 0) return { cause: "removed", program: "", act: "" };
    const { task } = this.#contour.actor(index);
    const last = this.#contour.taskChain(task).at(-1);
    const program = last === undefined ? "the first process" : taskPhrase(last);
    const act = this.#act(index);
    const place = this.#places[this.#contour.actorNumber(index)] as number;
    if (task !== ZERO_DIGEST && !this.#had(this.#byPlace.get(place), rank)) return { cause: "programs", program, act };
    const like = likenesses(act, place).find(({ key }) => this.#had(this.#likenesses.get(key), rank));
    if (like !== undefined) return { cause: like.cause, program, act };
    return { cause: act.startsWith("exec ") ? "programs" : "acts", program, act };
  }

  /** Notes which runs had what the new acts have in common with others. */
  #look(novelties: Iterable<Novelty>): void {
    const wanted = new Set<number>();
    for (const { index } of novelties) {
      if (index < 0) continue;
      const place = this.#places[this.#contour.actorNumber(index)] as number;
      wanted.add(place);
      for (const { key } of likenesses(this.#act(index), place)) this.#likenesses.set(key, unseen());
    }
    for (let index = 0; index < this.#contour.size; index++) {
      const runs = this.#evidence.runsOf(this.#contour.point(index));
      if (runs === undefined) continue;
      const place = this.#places[this.#contour.actorNumber(index)] as number;
      if (!wanted.has(place)) continue;
      const seen = unseen();
      for (const run of runs) note(seen, this.#ranks[run] as number);
      add(entry(this.#byPlace, place), seen);
      for (const { key } of likenesses(this.#act(index), place)) {
        const known = this.#likenesses.get(key);
        if (known !== undefined) add(known, seen);
      }
    }
  }

  #had(seen: Seen | undefined, rank: number): boolean {
    if (seen === undefined) return false;
    return this.#way === "in order" ? seen.first < rank : seen.first !== rank || seen.second !== NEVER;
  }

  #act(index: number): string {
    return this.#contour.profile.formatAct(this.#contour.event(index));
  }
}

/** What an act of the program at this place has in common with others, the most telling first. */
function likenesses(act: string, place: number): Likeness[] {
  const found: Likeness[] = [{ cause: "content", key: `content ${place} ${withoutDigests(act)}` }];
  const path = pathOf(act);
  const operation = act.slice(0, act.indexOf(" "));
  // The mode that chmod sets stands under the same name.
  const to = operation === "chmod" ? undefined : wordOf(act, "to");
  if (path !== undefined) found.push({ cause: "state", key: `state ${place} ${path} ${to}` });
  const name = to ?? path ?? wordOf(act, "address");
  if (name === undefined || operation === "exec") return found;
  const how = `${place} ${operation} ${wordOf(act, "access")}`;
  const [above, last] = split(name);
  found.push({ cause: "names", key: `form ${how} ${name.replace(/[0-9a-f]{6,}|[0-9]+/g, "#")}` });
  if (above !== "") {
    found.push({ cause: "names", key: `beside ${how} ${above}` });
    found.push({ cause: "names", key: `below ${how} ${split(above)[0]} ${last}` });
  }
  return found;
}

/** A path as its directory and its last component. */
function split(path: string): readonly [string, string] {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? ["", path] : [path.slice(0, slash), path.slice(slash + 1)];
}

/** The value of a field of an act. */
function wordOf(act: string, field: string): string | undefined {
  const at = act.indexOf(` ${field}=`);
  if (at < 0) return undefined;
  const from = at + field.length + 2;
  const to = act.indexOf(" ", from);
  return act.slice(from, to < 0 ? act.length : to);
}

function unseen(): Seen {
  return { first: NEVER, second: NEVER };
}

function note(seen: Seen, rank: number): void {
  if (rank === seen.first || rank === seen.second) return;
  if (rank < seen.first) [seen.first, seen.second] = [rank, seen.first];
  else if (rank < seen.second) seen.second = rank;
}

function add(to: Seen, from: Seen): void {
  if (from.first !== NEVER) note(to, from.first);
  if (from.second !== NEVER) note(to, from.second);
}

function entry<K>(map: Map<K, Seen>, key: K): Seen {
  const known = map.get(key) ?? unseen();
  map.set(key, known);
  return known;
}
