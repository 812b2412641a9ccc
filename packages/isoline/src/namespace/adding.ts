/** Adding what one run learnt to a contour that others may add to at the same time. */
import { closeSync, existsSync, openSync, readFileSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { type Contour, IsolineError, iso1, mergeContours, parseContour } from "@isoline/core";
import { lock } from "@isoline/linux";
import { CliError } from "../error.ts";
import { saveContour } from "../store/contour-file.ts";
import { isSpecial } from "../store/durable-file.ts";

/** How long others may take: each only reads and writes a file. */
const PATIENCE_MS = 60_000;

/**
 * Adds a run to the contour that is there by now, or begins one. Its directory is locked meanwhile, so that of several that learn
 * at the same time none is lost; no file is left by that, and the contour itself is replaced, so that it could not be locked.
 */
export function addToContour(path: string, learnt: Contour): void {
  if (isSpecial(path)) return saveContour(path, learnt);
  const target = existsSync(path) ? realpathSync(path) : path;
  const directory = openSync(dirname(target), "r");
  try {
    if (!lock(directory, PATIENCE_MS))
      throw new CliError(
        "cannot-write",
        `cannot add to ${path}: its directory is locked (flock) by another process; end that, and learn again`,
      );
    saveContour(target, existsSync(target) ? mergeContours([readThere(target), learnt]) : learnt);
  } finally {
    closeSync(directory);
  }
}

function readThere(path: string): Contour {
  try {
    return parseContour(readFileSync(path), { profile: iso1 }) as Contour;
  } catch (fault) {
    if (!(fault instanceof IsolineError)) throw fault;
    throw new IsolineError(fault.code, `${path}, to which this run was to be added: ${fault.message}`, {
      cause: fault,
    });
  }
}
