/** The explanations of departures, once made: a workload that has a departure told again and again costs its neighbours one search. */
import type { ExplainedDeparture } from "./model.ts";

/** In characters: a thread may serve a hundred namespaces. What does not fit is made anew each time. */
const MOST_CHARACTERS = 2 * 1024 * 1024;

export class KeptExplanations {
  readonly #most: number;
  readonly #kept: (ExplainedDeparture | undefined)[] = [];
  #characters = 0;
  /** Points of the contour when they were made: it says something else of a departure once it has more. */
  #points = 0;

  constructor(most = MOST_CHARACTERS) {
    this.#most = most;
  }

  /** That of the departure with this index, from a contour of so many points. */
  at(index: number, points: number): ExplainedDeparture | undefined {
    if (points !== this.#points) this.forget();
    this.#points = points;
    return this.#kept[index];
  }

  /** Keeps one. The first departures are kept in preference: they are told first, whatever else is asked for. */
  keep(index: number, explained: ExplainedDeparture): void {
    this.#characters += charactersOf(explained) - charactersOf(this.#kept[index]);
    this.#kept[index] = explained;
    while (this.#characters > this.#most) this.#characters -= charactersOf(this.#kept.pop());
  }

  /** Another contour would explain them otherwise. */
  forget(): void {
    this.#kept.length = 0;
    this.#characters = 0;
  }
}

function charactersOf(explained: ExplainedDeparture | undefined): number {
  if (explained === undefined) return 0;
  const { why, changed, renamed } = explained;
  const texts = [...changed, ...renamed].flatMap((change) => Object.values(change));
  return texts.reduce((sum, text) => sum + text.length, why.length);
}
