/**
 * Execs that were let through: held until it is proven what came of each.
 */
import type { Identity } from "../../acting.ts";
import type { DescriptorBudget } from "./descriptor-budget.ts";
import { type ExecOutcome, ExecProof } from "./exec-proof.ts";
import type { ExpectedWords } from "./expected-words.ts";
import type { ImageMarks } from "./image-marks.ts";
import { executableOf } from "./lineage.ts";
import type { PendingExec, Process, Thread } from "./process.ts";

/** Another file than it was let execute; the file, but called with other arguments; or which program cannot be proven. */
export type Unidentified = "swapped" | "called-otherwise" | "unproven";

/** What a process is found to be after an exec of it was let through. */
export type Settlement =
  | { readonly is: "as-before" }
  | { readonly is: "executed"; readonly next: Identity; readonly executable: string }
  /** What it runs is none of what it was let execute, or may be one of several. */
  | { readonly is: Unidentified; readonly executable: string };

const AS_BEFORE: Settlement = { is: "as-before" };

export class Executions {
  readonly #marks: ImageMarks;
  readonly #budget: DescriptorBudget;

  constructor(marks: ImageMarks, budget: DescriptorBudget) {
    this.#marks = marks;
    this.#budget = budget;
  }

  /** Notes an exec of a thread that is let through. */
  starts(thread: Thread, next: Identity, executable: string, words: ExpectedWords): void {
    const { process, tid } = thread;
    this.drop(process, (pending) => pending.tid === tid);
    const mayHold = this.#budget.take(1);
    const proof = new ExecProof(thread.tid, thread.process, this.#marks, mayHold);
    if (mayHold && !proof.isHeld) this.#budget.giveBack(1);
    process.pendingExecs.push({ tid, next, executable, proof, words });
  }

  /** What came of them, told by a thread that calls again; `lives` says of each thread that asked whether it is still that one. */
  settle({ process, tid }: Thread, lives: (tid: number) => boolean): Settlement {
    const outcome = outcomeOf(process.pendingExecs.map(({ proof }) => proof.outcome(tid, process)));
    if (outcome === "did-not") {
      // What asked and is back, or is gone, executes nothing any more.
      this.drop(process, (pending) => pending.tid === tid || !lives(pending.tid));
      return AS_BEFORE;
    }
    // Only now: another thread may be executing at this moment, and what has happened has happened to its file as well.
    const executable = executableOf(tid);
    // Of several threads that asked, one succeeded: the one whose program is running with its arguments, if these tell them apart.
    const running = process.pendingExecs.filter((pending) => isOf(pending, executable));
    const called = running.filter((pending) => isCalledAs(pending, tid));
    const pending = called.at(-1);
    const isAmbiguous = called.some(({ next }) => next !== pending?.next);
    this.drop(process, () => true);
    if (outcome === "untold" || isAmbiguous) return { is: "unproven", executable };
    if (pending) return { is: "executed", next: pending.next, executable };
    return { is: running.length > 0 ? "called-otherwise" : "swapped", executable };
  }

  drop(process: Process, which: (pending: PendingExec) => boolean): void {
    for (const { proof } of process.pendingExecs.filter(which)) {
      proof.close();
      if (proof.isHeld) this.#budget.giveBack(1);
    }
    process.pendingExecs = process.pendingExecs.filter((pending) => !which(pending));
  }
}

/** Whether a process that runs this executable may be what was asked for; the unknown ("") may be anything. */
function isOf(pending: PendingExec, executable: string): boolean {
  return pending.executable === "" || executable === "" || pending.executable === executable;
}

/** A handler of binary formats, into which we do not see, puts arguments of its own in front. */
function isCalledAs({ executable, words }: PendingExec, tid: number): boolean {
  return executable === "" || words.areThoseOf(tid);
}

function outcomeOf(outcomes: readonly ExecOutcome[]): ExecOutcome {
  if (outcomes.includes("happened")) return "happened";
  return outcomes.includes("untold") ? "untold" : "did-not";
}
