/**
 * Why an act was new in a run: what comes nearest to it among the acts that other runs did.
 *
 * Programs are compared by their place in the tree, as a comparison of two contours does, so that a program whose content
 * changed is the same program.
 */
import type { Contour } from "../contour/contour.ts";
import { counterpartsOf } from "../contour/counterparts.ts";
import { ZERO_DIGEST } from "../digest.ts";
import { taskPhrase } from "../identity/task.ts";
import { likenessesInto, NONE, respects } from "./likeness.ts";
import { REMOVED } from "./novelty.ts";
import { SeenBy } from "./seen-by.ts";

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
  /** The index of the point, or `REMOVED`. */
  readonly index: number;
  readonly cause: Cause;
  /** The program that acts, as messages show it; empty for a point that was removed. */
  readonly program: string;
}

const causeOf: Record<(typeof respects)[number], Cause> = {
  content: "content",
  state: "state",
  form: "names",
  beside: "names",
  below: "names",
};

/** Explains what was new in runs of one contour, after one pass over all of it. */
export class Explainer {
  readonly #contour: Contour;
  /** Compares only with runs before this one, if it is given. */
  readonly #before: number | undefined;
  /** The place in the tree of programs, and the program as messages show it, by the number of the actor. */
  readonly #places: readonly number[];
  readonly #programs: readonly string[];
  readonly #isFirst: readonly boolean[];
  /** The likenesses of the points that will be asked about, by index. */
  readonly #keys = new Map<number, Float64Array>();
  readonly #seen = new SeenBy();

  /**
   * `earliest` are the two earliest runs of each point, side by side. `before` is the first run of the later half, where only the
   * earlier ones are to be compared with. `indices` are all that will be asked about: a program that did nothing new is not looked
   * at.
   */
  constructor(contour: Contour, earliest: Uint16Array, before: number | undefined, indices: Iterable<number>) {
    this.#contour = contour;
    this.#before = before;
    const { placesA } = counterpartsOf(contour, contour);
    const tasks = contour.actors.map(({ task }) => task);
    this.#places = tasks.map((task) => placesA.get(task) ?? 0);
    this.#isFirst = tasks.map((task) => task === ZERO_DIGEST);
    this.#programs = tasks.map((task) => {
      const last = contour.taskChain(task).at(-1);
      return last === undefined ? "the first process" : taskPhrase(last);
    });
    this.#look(earliest, indices);
  }

  /** Why a point was new in the run at this place in the order of time. */
  explain(index: number, run: number): Finding {
    if (index === REMOVED) return { index, cause: "removed", program: "" };
    return { index, cause: this.#cause(index, run), program: this.#programs[this.#contour.actorNumber(index)] ?? "" };
  }

  #cause(index: number, run: number): Cause {
    const actor = this.#contour.actorNumber(index);
    if (this.#isFirst[actor] !== true && !this.#had(programKey(this.#places[actor] as number), run)) return "programs";
    const keys = this.#keys.get(index);
    const alike = respects.find((_, at) => this.#had(keys?.[at] ?? NONE, run));
    if (alike !== undefined) return causeOf[alike];
    return this.#contour.event(index).op === "exec" ? "programs" : "acts";
  }

  /** Whether another run, or one of the earlier half, had what this key stands for. */
  #had(key: number, run: number): boolean {
    return (
      key !== NONE && (this.#before === undefined ? this.#seen.besides(key, run) : this.#seen.before(key, this.#before))
    );
  }

  /** What is asked about is looked at first, so that of all others only what can be an answer is kept. */
  #look(earliest: Uint16Array, indices: Iterable<number>): void {
    const wanted = new Set<number>();
    for (const index of indices) {
      if (index === REMOVED || this.#keys.has(index)) continue;
      const keys = this.#likenessesOf(index, new Float64Array(respects.length));
      this.#keys.set(index, keys);
      for (const key of keys) if (key !== NONE) this.#seen.want(key);
      const place = this.#places[this.#contour.actorNumber(index)] as number;
      this.#seen.want(programKey(place));
      wanted.add(place);
    }
    const keys = new Float64Array(respects.length);
    for (let index = 0; index < this.#contour.size; index++) {
      const place = this.#places[this.#contour.actorNumber(index)] as number;
      if (!wanted.has(place)) continue;
      const [first, second] = [earliest[index * 2] as number, earliest[index * 2 + 1] as number];
      this.#seen.add(programKey(place), first, second);
      for (const key of this.#keys.get(index) ?? this.#likenessesOf(index, keys))
        if (key !== NONE) this.#seen.add(key, first, second);
    }
  }

  #likenessesOf(index: number, keys: Float64Array): Float64Array {
    likenessesInto(keys, 0, this.#contour.event(index), this.#places[this.#contour.actorNumber(index)] as number);
    return keys;
  }
}

/** Likenesses are positive. */
const programKey = (place: number): number => -1 - place;
