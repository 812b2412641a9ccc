/**
 * Contours on disk.
 */
import { openSync } from "node:fs";
import {
  type AnyContour,
  type Contour,
  type Digest,
  IsolineError,
  iso1,
  type Profile,
  readContour,
  RunningDigest,
  writeContour,
} from "@isoline/core";
import { CliError } from "../error.ts";
import { openRegular, piecesOf, Unfit } from "./bounded-file.ts";
import { writeDurably } from "./durable-file.ts";
import type { SignatureDemand } from "./signature/demand.ts";

/** Loads and verifies a contour of one profile. With a demand, it must be signed: the bytes that are read, not those of another look. */
export async function loadContour(path: string, profile: typeof iso1, demand?: SignatureDemand): Promise<Contour> {
  if (demand === undefined) return (await read(path, profile)) as Contour;
  const { assertForImage, assertSame, vouchedFor } = await import("./signature/demand.ts");
  const vouched = vouchedFor(path, demand.keys);
  assertForImage(path, vouched, demand.image);
  const { contour, digest } = await readHashed(path, profile);
  assertSame(path, vouched, digest);
  return contour as Contour;
}

/** Loads and verifies a contour of whatever profile it says. */
export async function loadAnyContour(path: string): Promise<AnyContour> {
  return (await read(path, undefined)) as AnyContour;
}

/** The same, with the SHA-256 of the bytes that it was read from. No link is followed. */
export async function loadHashed(path: string): Promise<{ readonly contour: AnyContour; readonly digest: Digest }> {
  const { contour, digest } = await readHashed(path, undefined);
  return { contour: contour as AnyContour, digest };
}

export function saveContour(path: string, contour: Contour): void {
  writeDurably(path, writeContour(contour));
}

type Wanted = Profile<never> | typeof iso1 | undefined;

async function readHashed(path: string, profile: Wanted): Promise<{ contour: unknown; digest: Digest }> {
  const opened = openRegular(path, "refuse");
  if (opened instanceof Unfit)
    throw new CliError("cannot-read", `${path}: expected a contour, found ${opened.found}; name the file itself`);
  const { fd } = opened;
  const running = new RunningDigest();
  function* hashed(): Generator<Uint8Array> {
    for (const piece of piecesOf(fd)) {
      running.update(piece);
      yield piece;
    }
  }
  const contour = await read(path, profile, hashed());
  return { contour, digest: running.finish() };
}

/** What else a thread could do meanwhile is to wait for it, so it is read as it is at once: streams take longer than a small file. */
async function read(path: string, profile: Wanted, hashed?: Iterable<Uint8Array>): Promise<unknown> {
  try {
    const pieces = hashed ?? piecesOf(openSync(path, "r"));
    return await readContour(pieces, profile ? { profile: profile as typeof iso1 } : {});
  } catch (fault) {
    if (fault instanceof IsolineError)
      throw new IsolineError(fault.code, `${path}: ${fault.message}`, { cause: fault });
    const why = fault instanceof Error ? fault.message : String(fault);
    throw new CliError("cannot-read", `cannot read the contour ${path}: ${why}`, { cause: fault });
  }
}
