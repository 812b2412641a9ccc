/** Adding what one run learnt to a contour that others may add to at the same time. */
import { type Contour, IsolineError, iso1, mergeContours, parseContour } from "@isoline/core";
import { lock } from "@isoline/linux";
import { CliError } from "../error.ts";
import { MOST_CONTOUR_BYTES, saveContour } from "../store/contour-file.ts";
import type { Output } from "../store/output.ts";

/** How long others may take: each only reads and writes a file. */
const PATIENCE_MS = 60_000;

/**
 * Adds a run to the contour that is there by now, or begins one. Its directory is locked meanwhile, so that of several that learn
 * at the same time none is lost; no file is left by that, and the contour itself is replaced, so that it could not be locked.
 */
export function addToContour(path: string, output: Output, learnt: Contour): void {
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
