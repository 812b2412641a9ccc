/**
 * Where departures are recorded before their calls go ahead: a register of a TPM.
 *
 * The witness keeps which processes have departed, so that a departure after the first of a process costs nothing.
 */
import type { Digest } from "@isoline/core/digest";
import type { EnginePort, Judgement } from "@isoline/core/engine";
import { EPERM } from "../abi/errno.ts";
import type { ActingProcess } from "./acting.ts";
import type { Verdict } from "./mediation.ts";

export interface Witness {
  /** Whether everything that happened is recorded. When enforcing, nothing goes ahead until it is. */
  isUpToDate(): boolean;
  /**
   * Whether something is on its way into the register that is waited for between the calls of other namespaces. Until it is there, or
   * late, what was refused is not answered, and nothing further is decided.
   */
  readonly isUnderWay: boolean;
  /** Why something is owed, and what to do about it: the reason of the losses that follow from it. */
  readonly remedy: string;
  /** An act that is off contour. False if it is the first of its process and could not be recorded in time; true if it is under way. */
  departed(process: ActingProcess, point: Digest | undefined): boolean;
  died(process: ActingProcess): void;
}

/** The witness beside the engine: has it told of each departure, and has nothing go ahead that it could not be told of. */
export class Witnessing {
  /** Whether the last act is to be decided again the next time, because something was owed. */
  isForEach = false;
  /** Called when something could not be recorded in time, so that nothing may go ahead any more, on contour or not. */
  onOwing: (() => void) | undefined;
  readonly #engine: Pick<EnginePort, "gap" | "loss" | "mode">;
  readonly #witness: Witness | undefined;

  constructor(engine: Pick<EnginePort, "gap" | "loss" | "mode">, witness: Witness | undefined) {
    this.#engine = engine;
    this.#witness = witness;
  }

  get isActive(): boolean {
    return this.#witness !== undefined;
  }

  /** Whether an answer waits for a record. */
  get isUnderWay(): boolean {
    return this.#witness?.isUnderWay === true;
  }

  /** Has a departure recorded before its verdict is given. One that could not be recorded in time is a loss. */
  judged({ verdict, departure }: Judgement, process: ActingProcess): void {
    if (this.#witness === undefined) return;
    this.isForEach = false;
    if (verdict !== "off") return;
    if (!this.#witness.departed(process, departure?.point)) this.#engine.gap(this.#witness.remedy);
  }

  /** While something is owed, nothing goes ahead in a namespace that is enforced. */
  unlessOwed(verdict: Verdict, { handle }: ActingProcess): Verdict {
    // What is refused can wait for its record without holding up others. What goes ahead may have its effect here, so it waits now.
    if (this.#witness === undefined || (verdict !== 0 && this.isUnderWay)) return verdict;
    if (!this.takeBackIfOwed() || verdict !== 0) return verdict;
    this.#engine.loss(this.#witness.remedy, 1, handle);
    return EPERM;
  }

  /**
   * Whether nothing may go ahead. Then what goes ahead without asking is taken back: it would not wait for the record of a departure that
   * is refused, of a loss or of a checkpoint.
   */
  takeBackIfOwed(): boolean {
    if (this.#witness === undefined || this.#engine.mode !== "enforce" || this.#witness.isUpToDate()) return false;
    this.isForEach = true;
    this.onOwing?.();
    return true;
  }

  died(process: ActingProcess): void {
    this.#witness?.died(process);
  }
}
