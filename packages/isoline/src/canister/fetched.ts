/**
 * Contours that were fetched for images, in the host's store: under the digest of the image's manifest, and under that of its
 * configuration, by which alone Docker knows an image.
 *
 *   sha256-….contour        the contour
 *   sha256-….contour.sig    its signature
 *   sha256-….contour.from   the digest of the manifest that it came with
 *
 * A manifest may state any configuration, also that of another image. So a contour is replaced only by one that comes with the same
 * manifest. Its bytes do not show that: an image of another user may have brought the same ones before.
 */
import { rmSync } from "node:fs";
import { CliError } from "../error.ts";
import { readBounded, Unfit } from "../store/bounded-file.ts";
import { writeDurably } from "../store/output.ts";
import { MOST_SIGNATURE } from "../store/signature/beside.ts";
import { signaturePath } from "../store/signature/demand.ts";
import { attachedPath } from "./attached.ts";
import type { Attached } from "./registry/contours.ts";
import { DIGEST } from "./registry/reference.ts";

/** `sha256:`, 64 digits and the end of the line. */
const MOST_FROM = 72;

type Fetched = Pick<Attached, "image" | "digests" | "contour" | "signature">;

/**
 * Writes a contour under each digest by which an engine may know its image, and returns the paths.
 *
 * @throws CliError `no-attached-contour` before anything is written, if a contour that came with another manifest is there
 */
export function keepFetched(contours: string, fetched: Fetched): readonly string[] {
  const paths = fetched.digests.map((digest) => attachedPath(contours, digest));
  const changed = paths.filter((path) => !isKept(path, fetched));
  for (const path of changed) assertReplaceable(path, contours, fetched);
  // Two images have brought it: neither may replace it alone.
  for (const path of paths.filter((each) => !changed.includes(each) && isOfOther(each, fetched)))
    rmSync(fromPath(path), { force: true });
  for (const path of changed) {
    // First, so that a fetch that was interrupted can be repeated.
    writeDurably(fromPath(path), [`${fetched.image}\n`]);
    writeFetched(path, fetched);
  }
  return paths;
}

/** The signature of an earlier contour must not remain beside the new one. */
export function writeFetched(path: string, { contour, signature }: Pick<Fetched, "contour" | "signature">): void {
  const beside = signaturePath(path);
  if (signature === undefined) rmSync(beside, { force: true });
  else writeDurably(beside, [signature]);
  writeDurably(path, [contour]);
}

/** Whether the same contour is there with the same signature, or equally without one. */
function isKept(path: string, { contour, signature }: Fetched): boolean {
  const kept = readBounded(path, contour.length, "refuse");
  if (kept instanceof Unfit || !kept.equals(contour)) return false;
  const beside = readBounded(signaturePath(path), MOST_SIGNATURE, "refuse");
  if (beside instanceof Unfit) return beside.found === "nothing" && signature === undefined;
  return signature !== undefined && beside.equals(signature);
}

function isOfOther(path: string, { image }: Fetched): boolean {
  const from = fromOf(path);
  return from !== undefined && from !== image;
}

function assertReplaceable(path: string, contours: string, { image }: Fetched): void {
  const kept = readBounded(path, 0, "refuse");
  if (kept instanceof Unfit && kept.found === "nothing") return;
  const from = fromOf(path);
  if (from === image) return;
  const found =
    from === undefined
      ? "a contour of unknown origin, or of two images"
      : `one that came with ${attachedPath(contours, from)}`;
  throw new CliError(
    "no-attached-contour",
    `${path}: expected a contour that came with the image ${image}, found ${found}: the image claims what may be another's; ` +
      `nothing was written. Find out whose this digest is, and remove ${path} to take the contour of ${image}`,
  );
}

function fromOf(path: string): string | undefined {
  const bytes = readBounded(fromPath(path), MOST_FROM, "refuse");
  const text = bytes instanceof Unfit ? "" : bytes.toString("latin1").trimEnd();
  return DIGEST.test(text) ? text : undefined;
}

function fromPath(path: string): string {
  return `${path}.from`;
}
