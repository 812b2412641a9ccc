/**
 * Contours on disk.
 */
import { closeSync } from "node:fs";
import { type AnyContour, type Contour, readContour, writeContour } from "@isoline/core/contour";
import { type Digest, RunningDigest } from "@isoline/core/digest";
import { IsolineError } from "@isoline/core/error";
import { iso1, type Profile } from "@isoline/core/profile";
import { CliError } from "../error.ts";
import { type Links, openRegular, piecesOf, Unfit } from "./bounded-file.ts";
import type { Output } from "./output.ts";
import type { SignatureDemand } from "./signature/demand.ts";

const fileDigests = new WeakMap<Contour, { readonly digest: Digest; readonly points: number }>();

/** SHA-256 of the bytes that a contour was loaded from; undefined for one that is not from a file, or has grown since. */
export function fileDigestOf(contour: Contour): Digest | undefined {
  const read = fileDigests.get(contour);
  return read?.points === contour.size ? read.digest : undefined;
}

/**
 * Loads and verifies a contour of one profile. With a demand, it must be signed: the very bytes that are read are verified, and no link is
 * followed.
 */
export async function loadContour(
  path: string,
  profile: typeof iso1,
  demand?: SignatureDemand,
  links: Links = "follow",
): Promise<Contour> {
  if (demand === undefined) {
    const { contour, digest } = await readHashed(path, profile, links);
    return remembered(contour as Contour, digest);
  }
  const { assertForImage, assertSame, vouchedFor } = await import("./signature/demand.ts");
  const vouched = vouchedFor(path, demand.keys);
  assertForImage(path, vouched, demand.image);
  const { contour, digest } = await readHashed(path, profile);
  assertSame(path, vouched, digest);
  return remembered(contour as Contour, digest);
}

function remembered(contour: Contour, digest: Digest): Contour {
  fileDigests.set(contour, { digest, points: contour.size });
  return contour;
}

/** Loads and verifies a contour of the profile that it names. */
export async function loadAnyContour(path: string): Promise<AnyContour> {
  return (await read(path, undefined)) as AnyContour;
}

/** The same, with the SHA-256 of the bytes that were read. No link is followed. */
export async function loadHashed(path: string): Promise<{ readonly contour: AnyContour; readonly digest: Digest }> {
  const { contour, digest } = await readHashed(path, undefined);
  return { contour: contour as AnyContour, digest };
}

export function saveContour(output: Output, contour: Contour): void {
  output.write(writeContour(contour));
}

/** A hundred times the size of a contour of ten million points; a larger file is refused. */
export const MOST_CONTOUR_BYTES = 2 ** 34;

type Wanted = Profile<never> | typeof iso1 | undefined;

async function readHashed(
  path: string,
  profile: Wanted,
  links: Links = "refuse",
): Promise<{ contour: unknown; digest: Digest }> {
  const { fd } = regular(path, links);
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

function regular(path: string, links: Links): { readonly fd: number } {
  const opened = openRegular(path, links);
  if (!(opened instanceof Unfit) && opened.size <= MOST_CONTOUR_BYTES) return opened;
  const found =
    opened instanceof Unfit ? opened.found : `${opened.size} bytes, more than the ${MOST_CONTOUR_BYTES} that are read`;
  if (!(opened instanceof Unfit)) closeSync(opened.fd);
  throw new CliError(
    "cannot-read",
    `cannot read ${path}: expected a contour, found ${found}; ${remedyFor(path, found)}`,
  );
}

function remedyFor(path: string, found: string): string {
  return found === "nothing" ? `learn it first: isoline learn -o ${path} -- COMMAND` : "name the file itself";
}

/** The thread has nothing else to do meanwhile, so it is read synchronously: streams take longer for a small file. */
async function read(path: string, profile: Wanted, hashed?: Iterable<Uint8Array>): Promise<unknown> {
  try {
    const pieces = hashed ?? piecesOf(regular(path, "follow").fd);
    return await readContour(pieces, profile ? { profile: profile as typeof iso1 } : {});
  } catch (fault) {
    if (fault instanceof CliError) throw fault;
    if (fault instanceof IsolineError)
      throw new IsolineError(fault.code, `${path}: ${fault.message}`, { cause: fault });
    const why = fault instanceof Error ? fault.message : String(fault);
    throw new CliError("cannot-read", `cannot read the contour ${path}: ${why}`, { cause: fault });
  }
}
