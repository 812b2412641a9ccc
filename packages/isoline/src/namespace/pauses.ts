/**
 * Times in which this process did not run although it should have: it was stopped (SIGSTOP, a frozen control group) or got no
 * processor. Calls of the workload wait then, and a user who looks for the cause should find it in the report.
 */

const LOOK_EVERY_MS = 500;
/** Shorter ones occur on every busy machine. */
const SHORTEST_MS = 3000;
/** A thread that waits for its console loses time as well, but then the other threads run. */
const MOST_RUNNING = 0.1;

export interface PauseReport {
  readonly times: number;
  readonly seconds: number;
}

export class Pauses {
  readonly #tell: (seconds: number) => void;
  #times = 0;
  #seconds = 0;
  #timer: NodeJS.Timeout | undefined;
  #seen = 0;
  #processor = process.cpuUsage();

  constructor(tell: (seconds: number) => void) {
    this.#tell = tell;
  }

  start(): void {
    this.#begin();
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  /** Whether time has passed since the last check in which no thread of this process ran. */
  look(): void {
    if (this.#timer === undefined) return;
    const passed = performance.now() - this.#seen;
    const { user, system } = process.cpuUsage(this.#processor);
    const paused = passed - LOOK_EVERY_MS;
    if (paused >= SHORTEST_MS && (user + system) / 1000 < passed * MOST_RUNNING) {
      this.#times += 1;
      this.#seconds += Math.round(paused / 1000);
      this.#tell(Math.round(paused / 1000));
    }
    this.#begin();
  }

  /** An intended pause ends here: a shell stopped the job. */
  meant(): void {
    this.#begin();
  }

  stop(): void {
    this.look();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  get report(): PauseReport {
    return { times: this.#times, seconds: this.#seconds };
  }

  #begin(): void {
    this.#seen = performance.now();
    this.#processor = process.cpuUsage();
  }
}
