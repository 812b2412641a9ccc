/**
 * How many nodes and canisters the verifier counts. It is asked again after changes: nothing is added up from them, for an answer may
 * have a change that comes later, and a canister that ended or a node that was enrolled is no change from one count to another.
 */
import type { NodeList } from "@isoline/verifier";
import { sayFault } from "../wire/fault.ts";
import { backOff, pause, read } from "../wire/request.ts";
import { type Counts, totalOf } from "./counting.ts";
import { ofPerson } from "./person.ts";

/** Seconds between two questions, and as many more at most: a storm of changes is few of them, and not every page asks at once. */
const BETWEEN = 3;
/** What makes no change, as an enrolment, is found so often. */
const REGULARLY = 30_000;

interface Told {
  readonly nodes: Counts;
  readonly canisters: Counts;
}

export const told = ofPerson<Told>({ nodes: {}, canisters: {} });
/** Why the counts could not be read anew; they are asked for again. */
export const countFault = ofPerson<string | undefined>(undefined);

export const tell = ({ counts, canisters }: NodeList): void => void (told.value = { nodes: counts, canisters });

export class Recount {
  readonly #ending: AbortSignal;
  readonly #heard: () => number;
  readonly #counted: (nodes: number) => boolean;
  #isDue = false;
  #isRunning = false;
  #failures = 0;

  /**
   * @param heard how many changes came so far
   * @param counted is given how many nodes there are, where no change came since that was asked; gives whether that could be used
   */
  constructor(ending: AbortSignal, heard: () => number, counted: (nodes: number) => boolean) {
    this.#ending = ending;
    this.#heard = heard;
    this.#counted = counted;
    const regularly = setInterval(() => this.due(), REGULARLY);
    const begin = () => this.#begin();
    document.addEventListener("visibilitychange", begin);
    const end = () => {
      clearInterval(regularly);
      document.removeEventListener("visibilitychange", begin);
    };
    ending.addEventListener("abort", end, { once: true });
  }

  /** What was counted before may be old. A hidden page does not ask; it asks once when it can be seen. */
  due(): void {
    this.#isDue = true;
    this.#begin();
  }

  #begin(): void {
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (!this.#ending.aborted && this.#isDue && !document.hidden) {
      this.#isDue = false;
      await this.#ask();
      const between = BETWEEN * (1 + Math.random());
      await pause(Math.max(between, backOff(this.#failures)), this.#ending).catch(() => undefined);
    }
    this.#isRunning = false;
  }

  async #ask(): Promise<void> {
    const heard = this.#heard();
    try {
      const answer = await read<NodeList>("nodes", { limit: "1" }, this.#ending);
      this.#ending.throwIfAborted();
      tell(answer);
      countFault.value = undefined;
      this.#failures = 0;
      if (this.#heard() === heard && !this.#counted(totalOf(answer.counts))) this.#isDue = true;
    } catch (fault) {
      if (this.#ending.aborted) return;
      this.#isDue = true;
      this.#failures += 1;
      countFault.value = sayFault(fault);
    }
  }
}
