/** Contours that came with an image, as `isoline fetch-contour` leaves them: by the digest of the image they are for. */
import { lstatSync } from "node:fs";
import { join } from "node:path";

/** Where the contour that is attached to an image is kept; `digest` as in `sha256:…`. */
export function attachedPath(contours: string, digest: string): string {
  return join(contours, `${digest.replace(":", "-")}.contour`);
}

/** The contour attached to an image that is known by any of these digests, if one was fetched. */
export function attachedContour(contours: string, digests: readonly string[]): string | undefined {
  return digests
    .map((digest) => attachedPath(contours, digest))
    .find((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined);
}
