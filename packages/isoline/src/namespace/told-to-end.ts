/**
 * The end of a namespace whose command has ended, when isoline is told to end while processes are left. They get SIGTERM,
 * because jobs of a shell ignore SIGINT and daemons read their configuration at SIGHUP. After a few seconds, or if isoline is
 * told again, they are killed. The report is written in either case.
 */
import { constants } from "node:os";
import type { Ask } from "./requests.ts";

/** Less than the 7.5 s that GitHub's runner waits, and the 10 s of `docker stop`, before they kill. */
const GRACE_MS = 5000;
/** Processes that are forked in the meantime are killed in the next round. */
const ROUND_MS = 100;
/** A process in an uninterruptible system call, or an undiscovered one, is not waited for. */
const MOST_ROUNDS = 30;
/** A supervising thread that has not answered for this long is stuck in the kernel. */
const STUCK_MS = 5000;

export class ToldToEnd {
  readonly #ask: Ask;
  readonly #tell: (what: "told" | "killed", name: NodeJS.Signals, processes: number) => void;
  readonly #stuck: () => void;
  #killing: NodeJS.Timeout | undefined;
  #times = 0;

  /** `stuck` is called if the supervising thread does not answer when everything is to be killed. */
  constructor(
    ask: Ask,
    tell: (what: "told" | "killed", name: NodeJS.Signals, processes: number) => void,
    stuck: () => void,
  ) {
    this.#ask = ask;
    this.#tell = tell;
    this.#stuck = stuck;
  }

  hear(name: NodeJS.Signals): void {
    this.#times += 1;
    if (this.#times === 1) void this.#pass(name);
    else if (this.#times === 2) void this.#kill(name);
  }

  /** The namespace has ended, so nothing is left to end. */
  stop(): void {
    clearTimeout(this.#killing);
    this.#times = Number.POSITIVE_INFINITY;
  }

  async #pass(name: NodeJS.Signals): Promise<void> {
    this.#killing = setTimeout(() => void this.#kill(name), GRACE_MS);
    const processes = await this.#ask({ ask: "signal", signal: constants.signals.SIGTERM });
    if (processes !== undefined) this.#tell("told", name, processes);
  }

  async #kill(name: NodeJS.Signals): Promise<void> {
    clearTimeout(this.#killing);
    this.#times = Math.max(this.#times, 2);
    const stuck = setTimeout(this.#stuck, STUCK_MS);
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const processes = await this.#ask({ ask: "signal", signal: constants.signals.SIGKILL });
      clearTimeout(stuck);
      // No answer means that the namespace has ended.
      if (processes === undefined) return;
      if (round === 0) this.#tell("killed", name, processes);
      await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
    }
    const why = "isoline was told to end, and processes were left that could not be ended";
    await this.#ask({ ask: "abandon", why });
  }
}
