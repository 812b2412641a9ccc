/**
 * Writes what one run learnt: to a new contour, or to one that other runs may add to at the same time; and beside it, as evidence,
 * what this run saw.
 */
import { type Contour, contourOfRun, mergeContours, parseContour, writeContour } from "@isoline/core/contour";
import { Evidence, type RunRecord } from "@isoline/core/evidence";
import { IsolineError } from "@isoline/core/error";
import { iso1 } from "@isoline/core/profile";
import { lock } from "@isoline/linux";
import { CliError } from "../error.ts";
import { Checkpoint, sightingsIn } from "../store/checkpoint.ts";
import { MOST_CONTOUR_BYTES, saveContour } from "../store/contour-file.ts";
import { EVIDENCE_SUFFIX, readEvidence, writeEvidence } from "../store/evidence-file.ts";
import { Output } from "../store/output.ts";
import type { Plan } from "./plan.ts";

/** Patience for other runs: each only reads and writes a file. */
const PATIENCE_MS = 60_000;

/** The output of a learnt contour and of its evidence, opened before the workload starts. */
export class LearntContour {
  readonly #path: string;
  readonly #output: Output;
  readonly #evidence: Output | undefined;
  readonly #checkpoint: Checkpoint | undefined;
  readonly #contour: () => Contour;
  /** Whether the contour that is there at the end stays, which other runs may have added to meanwhile. */
  readonly #adds: boolean;

  private constructor(path: string, contour: () => Contour, { adds = false, run }: Plan) {
    this.#path = path;
    this.#output = Output.open(path);
    this.#evidence = this.#output.isDevice ? undefined : Output.open(this.#evidencePath);
    this.#checkpoint = this.#output.isDevice ? undefined : new Checkpoint(path, run?.id);
    this.#contour = contour;
    this.#adds = adds;
    // Damaged evidence is refused now, and not after an hour.
    if (adds) this.#earlier();
  }

  /** Undefined if nothing is to be written. */
  static of(plan: Plan, contour: () => Contour): LearntContour | undefined {
    const { mode, output } = plan;
    return mode === "learn" && output !== undefined ? new LearntContour(output, contour, plan) : undefined;
  }

  /** Keeps what was learnt so far, in case that this process is killed. Returns whether it did. */
  checkpoint(run: RunRecord | undefined): boolean {
    return this.#checkpoint?.write(this.#contour, run) ?? false;
  }

  /** Writes the contour and the evidence of the run, if it is known. */
  save(run: RunRecord | undefined): void {
    const contour = this.#contour();
    const learnt = this.#adds ? contourOfRun(contour) : contour;
    if (this.#adds) this.#lock();
    const earlier = this.#earlier();
    saveContour(this.#output, this.#adds ? this.#added(learnt) : learnt);
    if (run !== undefined) this.#record(run, learnt, earlier);
    this.#output.close();
    this.#evidence?.close();
    this.#checkpoint?.remove();
  }

  /** The present contour with what this run learnt. */
  #added(learnt: Contour): Contour {
    if (this.#output.isDevice || !this.#output.exists) return learnt;
    return mergeContours([readThere(this.#path, this.#output), learnt]);
  }

  #record(run: RunRecord, learnt: Contour, earlier: Evidence | undefined): void {
    if (this.#evidence === undefined) return;
    const evidence = earlier ?? new Evidence();
    evidence.record(run, sightingsIn(learnt));
    writeEvidence(this.#evidence, evidence);
  }

  /** The evidence of earlier runs, where this one adds to it. */
  #earlier(): Evidence | undefined {
    if (!this.#adds || this.#evidence === undefined) return undefined;
    return readEvidence(this.#path, this.#evidence);
  }

  get #evidencePath(): string {
    return `${this.#path}${EVIDENCE_SUFFIX}`;
  }

  /**
   * The directory is locked while a run is added, so that no run is lost if several learn at the same time. The contour itself
   * cannot be locked, because it is replaced; and a lock on the directory leaves no file.
   */
  #lock(): void {
    if (!this.#output.isDevice) lockToAdd(this.#path, this.#output);
  }
}

/** A contour as it would be written; null if it has more characters than that. */
export function contourText(contour: Contour, most: number): string | null {
  let text = "";
  for (const piece of writeContour(contour)) {
    text += piece;
    if (text.length > most) return null;
  }
  return text;
}

/** Locks the directory of a contour until it is closed or unlocked. */
export function lockToAdd(path: string, { directory }: Output): void {
  if (lock(directory, PATIENCE_MS)) return;
  throw new CliError(
    "cannot-write",
    `cannot add to ${path}: its directory is locked (flock) by another process; end that, and try again`,
  );
}

/** The contour that is in the file now. */
export function readThere(path: string, output: Output): Contour {
  try {
    return parseContour(output.read(MOST_CONTOUR_BYTES), { profile: iso1 }) as Contour;
  } catch (fault) {
    if (!(fault instanceof IsolineError)) throw fault;
    throw new IsolineError(fault.code, `${path}, to which this run was to be added: ${fault.message}`, {
      cause: fault,
    });
  }
}
