/**
 * Has a run that learns keep what it has learnt so far, and a run with a TPM record how far it has come, often enough that a kill loses
 * no more than ten seconds of it (a TPM: of new points).
 */
import type { Plan } from "./plan.ts";
import type { Ask } from "./requests.ts";

/** What is on its way when the run is killed is lost, too. */
const EVERY_MS = 8000;

export class Checkpoints {
  readonly #ask: Ask;
  readonly #isWanted: boolean;
  #timer: NodeJS.Timeout | undefined;

  constructor({ mode, output, tpm }: Plan, ask: Ask) {
    this.#ask = ask;
    this.#isWanted = (mode === "learn" && output !== undefined) || tpm !== undefined;
  }

  start(): void {
    if (this.#isWanted) this.#timer = setInterval(() => void this.#ask({ ask: "checkpoint" }), EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
