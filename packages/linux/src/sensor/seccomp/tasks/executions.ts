/** Execs that were allowed: kept until the outcome of each is proven. */
import type { Identity } from "../../acting.ts";
import type { DescriptorBudget } from "./descriptor-budget.ts";
import { type ExecOutcome, ExecProof } from "./exec-proof.ts";
import type { ExpectedWords } from "./expected-words.ts";
import type { ImageMarks } from "./image-marks.ts";
import { executableOf } from "./lineage.ts";
import type { ExpectedProgram, PendingExec, Process, Thread } from "./process.ts";

/** Another file than the allowed one; the file, but called with other arguments; or it cannot be proven which program it is. */
export type Unidentified = "swapped" | "called-otherwise" | "unproven";

/** What a process is found to run after an exec of it was allowed. */
export type Settlement =
  | { readonly is: "as-before" }
  | { readonly is: "executed"; readonly next: Identity; readonly executable: string }
  /** It runs none of the programs it was allowed to execute, or may run one of several. */
  | { readonly is: Unidentified; readonly executable: string };

const AS_BEFORE: Settlement = { is: "as-before" };

export class Executions {
  readonly #marks: ImageMarks;
  readonly #budget: DescriptorBudget;

  constructor(marks: ImageMarks, budget: DescriptorBudget) {
    this.#marks = marks;
    this.#budget = budget;
  }

  /** Records an exec of a thread that is allowed. */
  starts(thread: Thread, next: Identity, program: ExpectedProgram, words: ExpectedWords): void {
    const { process, tid } = thread;
    this.drop(process, (pending) => pending.tid === tid);
    const mayHold = this.#budget.take();
    const proof = new ExecProof(thread.tid, thread.process, this.#marks, mayHold);
    if (mayHold && !proof.isHeld) this.#budget.giveBack();
    process.pendingExecs.push({ tid, next, ...program, proof, words });
  }

  /**
   * The outcomes, given that a thread has made another call. `lives` tells for each thread that asked whether it is still the same;
   * `isWaiting`, whether the call still waits.
   *
   * An exec ends all other threads, also one whose call waits, and takes the number of the process (fs/exec.c, de_thread). So what
   * was read holds only if the call waits afterwards. If it does not, nothing is settled before the next call.
   */
  settle({ process, tid }: Thread, lives: (tid: number) => boolean, isWaiting: () => boolean): Settlement {
    const asked = process.pendingExecs;
    const [only] = asked;
    const found = only?.tid === tid && asked.length === 1 ? settledOnly(only, process) : settled(asked, tid, process);
    // A thread that asked and has returned, or has ended, executes nothing any more.
    const over = found.is === "as-before" ? asked.filter((each) => each.tid === tid || !lives(each.tid)) : asked;
    if (!isWaiting()) return AS_BEFORE;
    this.drop(process, (pending) => over.includes(pending));
    return found;
  }

  drop(process: Process, which: (pending: PendingExec) => boolean): void {
    if (process.pendingExecs.length === 0) return;
    for (const { proof } of process.pendingExecs.filter(which)) {
      proof.close();
      if (proof.isHeld) this.#budget.giveBack();
    }
    process.pendingExecs = process.pendingExecs.filter((pending) => !which(pending));
  }
}

function settled(asked: readonly PendingExec[], tid: number, process: Process): Settlement {
  const outcome = outcomeOf(asked.map(({ proof }) => proof.outcome(tid, process)));
  if (outcome === "did-not") return AS_BEFORE;
  // Read only now: another thread may be executing at this moment, and the file must be read after the exec has happened.
  const executable = executableOf(tid);
  // If several threads asked, one succeeded: the one whose program runs with its arguments, if the arguments distinguish them.
  const running = asked.filter((pending) => isOf(pending, executable));
  const called = running.filter((pending) => isCalledAs(pending, tid));
  const pending = called.at(-1);
  const isAmbiguous = called.some(({ next }) => next.id !== pending?.next.id);
  if (outcome === "untold" || isAmbiguous) return { is: "unproven", executable };
  if (pending) return { is: "executed", next: pending.next, executable };
  return { is: running.length > 0 ? "called-otherwise" : otherThanAsked(executable), executable };
}

/** The same where the thread asked itself, and no other did: all that most processes ever do. */
function settledOnly(pending: PendingExec, process: Process): Settlement {
  const { tid, next } = pending;
  const outcome = pending.proof.outcome(tid, process);
  if (outcome === "did-not") return AS_BEFORE;
  const executable = executableOf(tid);
  if (outcome === "untold") return { is: "unproven", executable };
  if (!isOf(pending, executable)) return { is: otherThanAsked(executable), executable };
  return isCalledAs(pending, tid) ? { is: "executed", next, executable } : { is: "called-otherwise", executable };
}

/**
 * Whether a process that runs this executable may run the one that was asked for. One that /proc does not show ("") may be any that
 * its process may not read: the kernel closes such a process to its user (fs/exec.c, would_dump).
 */
function isOf(pending: PendingExec, executable: string): boolean {
  if (executable === "") return !pending.isShown;
  return pending.executable === "" || pending.executable === executable;
}

function otherThanAsked(executable: string): Unidentified {
  return executable === "" ? "unproven" : "swapped";
}

/** A handler of a binary format, which the supervisor cannot inspect, puts its own arguments in front. */
function isCalledAs({ executable, words, proof }: PendingExec, tid: number): boolean {
  return executable === "" || words.areThoseOf(tid, proof.words);
}

function outcomeOf(outcomes: readonly ExecOutcome[]): ExecOutcome {
  if (outcomes.includes("happened")) return "happened";
  return outcomes.includes("untold") ? "untold" : "did-not";
}
