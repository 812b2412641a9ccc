/** Whether departures were observed under a contour that has meanwhile only got some of these departures as points. */
import type { Contour } from "../../contour/contour.ts";
import { Extension } from "../../contour/extension.ts";
import type { Digest } from "../../digest.ts";

/** The state that a contour had before some of these points were added to it. */
export function stateWithout(contour: Contour, points: ReadonlySet<Digest>): Digest {
  const kept: Digest[] = [];
  for (let index = 0; index < contour.size; index++) {
    const point = contour.point(index);
    if (!points.has(point)) kept.push(point);
  }
  const bytes = Buffer.from(kept.sort().join(""), "hex");
  const extension = new Extension(contour.base, contour.aggregate);
  for (let at = 0; at < bytes.length; at += 32) extension.extend(bytes, at);
  return extension.value;
}
