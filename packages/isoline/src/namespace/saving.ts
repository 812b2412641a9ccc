/** Writing what one run learnt: to a new contour, or to one that others may add to at the same time. */
import {
  type Contour,
  contourSince,
  IsolineError,
  iso1,
  type Mark,
  markOf,
  mergeContours,
  parseContour,
} from "@isoline/core";
import { lock } from "@isoline/linux";
import { CliError } from "../error.ts";
import { MOST_CONTOUR_BYTES, saveContour } from "../store/contour-file.ts";
import { Output } from "../store/output.ts";
import type { Plan } from "./plan.ts";

/** How long others may take: each only reads and writes a file. */
const PATIENCE_MS = 60_000;

/** Where a learnt contour goes, taken hold of before the workload starts. */
export class LearntContour {
  readonly #path: string;
  readonly #output: Output;
  readonly #contour: Contour;
  /** What was there before this run, where others may add to it meanwhile. */
  readonly #mark: Mark | undefined;

  private constructor(path: string, contour: Contour, adds: boolean) {
    this.#path = path;
    this.#output = Output.open(path);
    this.#contour = contour;
    this.#mark = adds ? markOf(contour) : undefined;
  }

  /** Undefined where nothing is to be written. */
  static of({ mode, output, adds = false }: Plan, contour: Contour): LearntContour | undefined {
    return mode === "learn" && output !== undefined ? new LearntContour(output, contour, adds) : undefined;
  }

  save(): void {
    if (this.#mark === undefined) saveContour(this.#output, this.#contour);
    else addToContour(this.#path, this.#output, contourSince(this.#contour, this.#mark));
    this.#output.close();
  }
}

/**
 * Adds a run to the contour that is there by now, or begins one. Its directory is locked meanwhile, so that of several that learn
 * at the same time none is lost; no file is left by that, and the contour itself is replaced, so that it could not be locked.
 */
function addToContour(path: string, output: Output, learnt: Contour): void {
  if (output.isDevice) return saveContour(output, learnt);
  if (!lock(output.directory, PATIENCE_MS))
    throw new CliError(
      "cannot-write",
      `cannot add to ${path}: its directory is locked (flock) by another process; end that, and learn again`,
    );
  saveContour(output, output.exists ? mergeContours([readThere(path, output), learnt]) : learnt);
}

function readThere(path: string, output: Output): Contour {
  try {
    return parseContour(output.read(MOST_CONTOUR_BYTES), { profile: iso1 }) as Contour;
  } catch (fault) {
    if (!(fault instanceof IsolineError)) throw fault;
    throw new IsolineError(fault.code, `${path}, to which this run was to be added: ${fault.message}`, {
      cause: fault,
    });
  }
}
