/**
 * Checkpoints of a run that learns: what it has learnt so far, beside the contour, as a contour with evidence of its own. They are gone
 * when the run has ended; what a killed run leaves is put aside by the next one, under a name that people see.
 */
import { existsSync, lstatSync, readdirSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Contour, contourOfRun } from "@isoline/core/contour";
import { Evidence, type RunRecord, type Sighting } from "@isoline/core/evidence";
import { saveContour } from "./contour-file.ts";
import { EVIDENCE_SUFFIX, writeEvidence } from "./evidence-file.ts";
import { Output } from "./output.ts";

const CUT_SHORT = "the run was cut short";

/** A run waits while a checkpoint is written: at most a twentieth of the time goes into that. */
const PAUSE_FACTOR = 20;

export class Checkpoint {
  readonly #contour: Output;
  readonly #evidence: Output;
  #notBefore = 0;

  /** Opens the directory of a contour before the workload can replace it. */
  constructor(contourPath: string, run = "") {
    const path = join(dirname(contourPath), `${hiddenName(contourPath)}${process.pid}-${run}`);
    this.#contour = Output.open(path);
    this.#evidence = Output.open(`${path}${EVIDENCE_SUFFIX}`);
  }

  /** Writes what the run has learnt. The run goes on where that fails: it still has everything that it learnt. */
  write(learning: () => Contour, run: RunRecord | undefined): boolean {
    const begun = performance.now();
    if (begun < this.#notBefore) return false;
    try {
      const learnt = contourOfRun(learning());
      learnt.flag(CUT_SHORT);
      saveContour(this.#contour, learnt);
      if (run !== undefined) writeEvidence(this.#evidence, evidenceOf(run, learnt));
      return true;
    } catch {
      return false;
    } finally {
      const now = performance.now();
      this.#notBefore = now + (now - begun) * PAUSE_FACTOR;
    }
  }

  /** The run has ended, and its contour is written. */
  remove(): void {
    for (const output of [this.#contour, this.#evidence]) {
      output.remove();
      output.close();
    }
  }
}

/** What a run saw, of every point of its contour. */
export function* sightingsIn(learnt: Contour): Generator<Sighting> {
  for (let index = 0; index < learnt.size; index++)
    yield { point: learnt.point(index), occurrences: learnt.occurrences(index) };
}

function evidenceOf(run: RunRecord, learnt: Contour): Evidence {
  const evidence = new Evidence();
  evidence.record({ ...run, incomplete: { ...run.incomplete, [CUT_SHORT]: 1 } }, sightingsIn(learnt));
  return evidence;
}

/** The beginning of a hidden name: the file comes and goes while a workload runs that may list the directory. */
function hiddenName(contourPath: string): string {
  return `.${basename(contourPath)}.checkpoint-`;
}

/** What a killed run left. */
export interface CutShort {
  /** Where it is now. */
  readonly path: string;
  /** When it was written. */
  readonly when: Date;
}

/** Puts aside what runs of a contour left whose isoline is gone. The files of a live one stay. */
export function putAside(contourPath: string): CutShort[] {
  const directory = dirname(contourPath);
  const left = namesIn(directory).filter((name) => isLeft(name, hiddenName(contourPath)));
  return left.flatMap((name) => {
    const from = join(directory, name);
    const found = lstatSync(from);
    if (!found.isFile()) return [];
    const path = `${contourPath}.cut-short-${name.slice(name.lastIndexOf("-") + 1)}`;
    renameSync(from, path);
    if (existsSync(`${from}${EVIDENCE_SUFFIX}`)) renameSync(`${from}${EVIDENCE_SUFFIX}`, `${path}${EVIDENCE_SUFFIX}`);
    return [{ path, when: found.mtime }];
  });
}

function isLeft(name: string, start: string): boolean {
  const [, pid] = /^(\d{1,10})-[0-9a-f]*$/.exec(name.startsWith(start) ? name.slice(start.length) : "") ?? [];
  return pid !== undefined && !existsSync(`/proc/${pid}`);
}

/** A directory that cannot be listed has nothing that could be found. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
