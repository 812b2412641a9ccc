/**
 * Trust: a property of each process that can only be lost.
 *
 * A process is born with the trust of its parent at that moment and loses it at its first departure. No function of this
 * interface restores it. Children born before that departure keep their trust: it did not influence their birth.
 *
 * Processes are handles: positive integers that the sensor assigns in increasing order and never reuses, so that a reused pid
 * inherits nothing. A handle without a recorded birth has no known lineage and is not trusted.
 *
 * The dead are remembered, because a birth may be noticed after the death of the parent that it names. A workload decides how many die
 * and what they did: their number is bounded, and so are the words about each. Words are cut, the distrust never is.
 */
import { brief } from "../event/brief.ts";

/** Why a process is not trusted. `what` is one line for the user; of a long one `Trust` keeps the beginning, and says so. */
export interface Cause {
  readonly reason: "off-contour" | "unknown-lineage" | "sensor";
  readonly what: string;
  /** Sequence number of the event that caused it. */
  readonly sequence?: number;
}

export type Standing =
  | { readonly trusted: true }
  | {
      readonly trusted: false;
      readonly cause: Cause;
      /** The process whose own act caused it: this process or an ancestor. */
      readonly origin: number;
      /** The parent from which the distrust was inherited, if it was. */
      readonly inheritedFrom?: number;
    };

type Fall = Extract<Standing, { trusted: false }>;

/** The parent of the process that the supervisor itself launched. */
export const SUPERVISOR = 0;

const TRUSTED: Standing = { trusted: true };

/** A birth may name a parent whose death was noticed earlier. Beyond this many dead, the reasons are forgotten but not the distrust. */
const MAX_FALLEN = 65_536;

/** The trust of every process of one namespace. */
export class Trust {
  readonly #living = new Map<number, Standing>();
  readonly #fallen = new Map<number, Fall>();
  readonly #maxFallen: number;
  /** Called for each process that lives and loses its trust, or is born without it, before anything else is decided about it. */
  onFall: ((process: number) => void) | undefined;
  #highest = 0;
  #everUntrusted = 0;
  #forgottenUpTo = 0;

  constructor(options: { readonly maxFallen?: number } = {}) {
    this.#maxFallen = options.maxFallen ?? MAX_FALLEN;
  }

  /** Records that `parent` (or `SUPERVISOR`) created a process. A second birth of the same handle can only lower its trust. */
  born(process: number, parent: number): void {
    if (!isHandle(process)) return;
    const inherited = parent === SUPERVISOR ? TRUSTED : this.trustOf(parent);
    const seen = process <= Math.max(this.#highest, this.#forgottenUpTo) || this.#living.has(process);
    const own = seen || this.#fallen.has(process) ? this.trustOf(process) : TRUSTED;
    const standing = own.trusted && !inherited.trusted ? { ...inherited, inheritedFrom: parent } : own;
    if (own.trusted && !standing.trusted) this.#everUntrusted += 1;
    this.#living.set(process, standing);
    this.#highest = Math.max(this.#highest, process);
    if (!standing.trusted) this.onFall?.(process);
  }

  /** Records that a process has ended. A birth that is noticed late may still name it as its parent. */
  died(process: number): void {
    const standing = this.#living.get(process);
    if (standing === undefined) return;
    this.#living.delete(process);
    if (!standing.trusted) this.#bury(process, standing);
  }

  /** Makes a process untrusted for good. The first cause is kept. */
  distrust(process: number, cause: Cause): void {
    if (!isHandle(process)) return;
    const standing = this.#living.get(process);
    const isKnown = standing === undefined && this.trustOf(process).trusted;
    const isNew = standing?.trusted === true || (standing === undefined && process > this.#highest);
    if (!isNew && !isKnown) return;
    const fall: Fall = { trusted: false, cause: { ...cause, what: brief(cause.what) }, origin: process };
    if (isNew) this.#living.set(process, fall);
    else this.#bury(process, fall);
    this.#everUntrusted += 1;
    if (isNew) this.onFall?.(process);
  }

  /** The trust of a process, including one that has ended. */
  trustOf(process: number): Standing {
    const known = this.#living.get(process) ?? this.#fallen.get(process);
    if (known !== undefined) return known;
    if (!isHandle(process) || process > this.#highest) return unknownLineage(process);
    return process <= this.#forgottenUpTo ? forgotten(process) : TRUSTED;
  }

  /** How many processes lost their trust or were born without it; those that have ended are among them. */
  get everUntrusted(): number {
    return this.#everUntrusted;
  }

  /** Whether a process is trusted. The hot path calls this. */
  isTrusted(process: number): boolean {
    return this.#living.get(process) === TRUSTED || this.trustOf(process).trusted;
  }

  /** Every living process with its trust, in order of birth. */
  living(): IterableIterator<[number, Standing]> {
    return this.#living.entries();
  }

  #bury(process: number, fall: Fall): void {
    this.#fallen.set(process, fall);
    if (this.#fallen.size <= this.#maxFallen) return;
    const [oldest] = this.#fallen.keys();
    this.#fallen.delete(oldest as number);
    this.#forgottenUpTo = Math.max(this.#forgottenUpTo, oldest as number);
  }
}

function isHandle(process: number): boolean {
  return Number.isSafeInteger(process) && process > 0;
}

function unknownLineage(process: number): Fall {
  const what = "its start was not observed, so the programs that led to it are unknown";
  return { trusted: false, cause: { reason: "unknown-lineage", what }, origin: process };
}

/** Too many untrusted processes have ended to remember each of them: a handle as old as a forgotten one counts as untrusted. */
function forgotten(process: number): Fall {
  const what = "it ended, and more untrusted processes have ended than are remembered";
  return { trusted: false, cause: { reason: "unknown-lineage", what }, origin: process };
}
