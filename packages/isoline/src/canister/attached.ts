/** Contours attached to images, as `isoline fetch-contour` stores them: by the digest of their image. */
import { lstatSync } from "node:fs";
import { basename, join } from "node:path";

/** The path of the contour attached to an image; `digest` as in `sha256:…`. */
export function attachedPath(contours: string, digest: string): string {
  return join(contours, `${digest.replace(":", "-")}.contour`);
}

/** The fetched contour of an image that has any of these digests; undefined if there is none. */
export function attachedContour(contours: string, digests: readonly string[]): string | undefined {
  return digests
    .map((digest) => attachedPath(contours, digest))
    .find((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined);
}

/** Whether a file is by its name the attached contour of an image, also of one that is not fetched yet. */
export function isAttachedPath(path: string): boolean {
  return /^sha256-[0-9a-f]{64}\.contour$/.test(basename(path));
}
