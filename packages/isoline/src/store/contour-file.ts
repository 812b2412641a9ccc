/**
 * Contours on disk.
 */
import { createReadStream } from "node:fs";
import {
  type AnyContour,
  type Contour,
  IsolineError,
  iso1,
  type Profile,
  readContour,
  writeContour,
} from "@isoline/core";
import { CliError } from "../error.ts";
import { writeDurably } from "./durable-file.ts";

/** Loads and verifies a contour of one profile. */
export async function loadContour(path: string, profile: typeof iso1): Promise<Contour> {
  return (await read(path, profile)) as Contour;
}

/** Loads and verifies a contour of whatever profile it says. */
export async function loadAnyContour(path: string): Promise<AnyContour> {
  return (await read(path, undefined)) as AnyContour;
}

export function saveContour(path: string, contour: Contour): void {
  writeDurably(path, writeContour(contour));
}

async function read(path: string, profile: Profile<never> | typeof iso1 | undefined): Promise<unknown> {
  try {
    return await readContour(createReadStream(path), profile ? { profile: profile as typeof iso1 } : {});
  } catch (fault) {
    if (fault instanceof IsolineError)
      throw new IsolineError(fault.code, `${path}: ${fault.message}`, { cause: fault });
    const why = fault instanceof Error ? fault.message : String(fault);
    throw new CliError("cannot-read", `cannot read the contour ${path}: ${why}`, { cause: fault });
  }
}
