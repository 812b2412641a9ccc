/** Writes what one run learnt: to a new contour, or to one that other runs may add to at the same time. */
import { type Contour, contourSince, type Mark, markOf, mergeContours, parseContour } from "@isoline/core/contour";
import { IsolineError } from "@isoline/core/error";
import { iso1 } from "@isoline/core/profile";
import { lock } from "@isoline/linux";
import { CliError } from "../error.ts";
import { MOST_CONTOUR_BYTES, saveContour } from "../store/contour-file.ts";
import { Output } from "../store/output.ts";
import type { Plan } from "./plan.ts";

/** Patience for other runs: each only reads and writes a file. */
const PATIENCE_MS = 60_000;

/** The output of a learnt contour, opened before the workload starts. */
export class LearntContour {
  readonly #path: string;
  readonly #output: Output;
  readonly #contour: Contour;
  /** The contour before this run, if other runs may add to it meanwhile. */
  readonly #mark: Mark | undefined;

  private constructor(path: string, contour: Contour, adds: boolean) {
    this.#path = path;
    this.#output = Output.open(path);
    this.#contour = contour;
    this.#mark = adds ? markOf(contour) : undefined;
  }

  /** Undefined if nothing is to be written. */
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
 * Adds a run to the present contour, or begins one. The directory is locked meanwhile, so that no run is lost if several learn
 * at the same time. The contour itself cannot be locked, because it is replaced; and a lock on the directory leaves no file.
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
