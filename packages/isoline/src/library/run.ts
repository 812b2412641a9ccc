/** A run of a command, as a program sees it. */
import type { ChildState } from "@isoline/linux";
import { cells } from "../namespace/control-block.ts";
import type { CountedSnapshot, EventLine, Snapshot } from "../namespace/live.ts";
import type { Namespace, Outcome } from "../namespace/namespace.ts";
import type { DepartureReport, RunReport, Verdict } from "../namespace/report.ts";
import type { CutShort } from "../store/checkpoint.ts";
import type { EventQueue } from "./event-queue.ts";

/** How a run came out. */
export interface Result {
  readonly verdict: Verdict;
  /** The exit status that `isoline` has for such an end: docs/exit-codes.md. */
  readonly status: number;
  readonly report: RunReport;
  /** Whether learning removed a signature, which was for the contour that was there before. */
  readonly removedSignature: boolean;
}

/** Counters of a run that can be read at any time, at no cost to the workload. */
export interface Counts {
  readonly events: number;
  readonly points: number;
  /** Events that were off contour. */
  readonly off: number;
}

/**
 * A command that runs under a contour, or while one is learnt, with everything that it starts. It ends with the last of these
 * processes.
 *
 * @example
 * import { learn } from "isoline";
 *
 * await using run = await learn(["sh", "-c", "ls /etc > /dev/null"], { output: "ls.contour" });
 * const { verdict, report } = await run.ended;
 * console.log(verdict, report.points > 0);
 * // prints: learnt true
 */
export class Run implements AsyncDisposable {
  /** Settled when the last process has ended. Rejects with the reason of an abort, or with what went wrong. */
  readonly ended: Promise<Result>;
  /** Where lies what earlier runs of the same contour had learnt that were killed: contours, to be merged or deleted. */
  cutShort: readonly CutShort[] = [];
  readonly #namespace: Namespace;
  /** Decisions from the first on, if that was asked for. */
  readonly #fromTheStart: EventQueue | undefined;

  constructor(namespace: Namespace, ended: Promise<Result>, fromTheStart: EventQueue | undefined) {
    this.#namespace = namespace;
    this.ended = ended;
    this.#fromTheStart = fromTheStart;
  }

  /** The process id of the command; 0 if starting it was refused. */
  get pid(): number {
    return this.#namespace.first.pid;
  }

  /** Whether the command itself has ended; what it started may still run. */
  get commandEnded(): boolean {
    return this.#namespace.first.isOver;
  }

  /** What was counted so far. */
  get counts(): Counts {
    const { block } = this.#namespace;
    const { events, points, departures } = cells;
    return { events: block[events] ?? 0, points: block[points] ?? 0, off: block[departures] ?? 0 };
  }

  /**
   * Decisions as they are made, to the end of the run: from the first on where the run was started with `follow`, else from now
   * on. If the reader falls far behind, some are left out, and `lost` says how many.
   */
  async *events(): AsyncGenerator<EventLine> {
    if (this.#fromTheStart !== undefined) return yield* this.#fromTheStart;
    const { EventQueue } = await import("./event-queue.ts");
    const queue = new EventQueue();
    const over = () => queue.end();
    void this.ended.then(over, over);
    const unfollow = await this.#namespace.follow((event) => queue.push(event));
    try {
      yield* queue;
    } finally {
      await unfollow();
    }
  }

  /** Its state at this moment; undefined once it is over. */
  state(): Promise<Snapshot | undefined> {
    return this.#listed(this.#namespace.ask({ ask: "snapshot" }));
  }

  /**
   * Departures from one on, in order: at most a hundred at a time, and none where none is left. None once it is over, when they are in
   * the report.
   */
  async departures(from = 0): Promise<readonly DepartureReport[]> {
    return (await this.#namespace.ask({ ask: "departures", from })) ?? [];
  }

  /** Ends the learning for good: what was not seen before is off contour from now on. */
  seal(): Promise<Snapshot | undefined> {
    return this.#listed(this.#namespace.ask({ ask: "seal" }));
  }

  /** Ends every process of it with SIGTERM, and kills what is left after five seconds, or at once when called again. */
  end(): void {
    this.#namespace.end();
  }

  /** A snapshot with its processes, which are asked for at the same moment. */
  async #listed(asked: Promise<CountedSnapshot | undefined>): Promise<Snapshot | undefined> {
    const [snapshot, processes] = await Promise.all([asked, this.#namespace.ask({ ask: "trust" })]);
    if (snapshot === undefined || processes === undefined) return undefined;
    const { untrusted: _, everUntrusted: __, departures: ___, ...rest } = snapshot;
    return { ...rest, processes };
  }

  /** Ends it, and waits until it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
    await this.ended.catch(() => {});
  }
}

const OFF_CONTOUR = 3;
const INCOMPLETE = 4;
const UNKNOWN = 125;

/**
 * The end of the command, unless nothing ran. Where the contour was checked, whether it was kept comes first; and both there and where
 * one was learnt, whether the run was observed as a whole.
 */
export function statusOf(
  { exit, isStarted }: Outcome,
  verdict: Verdict,
  { checks, learns }: { readonly checks: boolean; readonly learns: boolean },
): number {
  if (!isStarted) return statusAsOfShell(exit);
  if (checks && verdict === "off-contour") return OFF_CONTOUR;
  if ((checks || learns) && verdict === "incomplete") return INCOMPLETE;
  return statusAsOfShell(exit);
}

function statusAsOfShell(exit: ChildState): number {
  if (exit.state === "exited") return exit.status;
  return exit.state === "killed" ? 128 + exit.signal : UNKNOWN;
}
