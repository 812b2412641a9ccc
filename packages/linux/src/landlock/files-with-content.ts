/** Finds the files on this machine whose content a contour has a digest of. */
import type { Contour } from "@isoline/core/contour";
import { subjectRecord, unescapeToBytes } from "@isoline/core/event";
import { parsePolicy } from "@isoline/core/identity";
import { type Places, RealPaths } from "./real-path.ts";

/** Paths as bytes, in the order in which the files were learnt; files without a fixed name are left out. */
export function filesWithContent(contour: Contour, places: Places): readonly Buffer[] {
  const { pseudonyms } = parsePolicy(JSON.parse(contour.policy));
  const real = new RealPaths(places, pseudonyms);
  const named = new Set<string>();
  const name = (path: string) => {
    const reading = real.of(path);
    if (typeof reading !== "string") for (const { path, beyond } of reading) if (beyond === 0) named.add(path);
  };
  for (const { images } of contour.tasks()) for (const { path } of images) name(path);
  for (let index = 0; index < contour.size; index++) {
    const { path, digest } = subjectRecord(contour.event(index));
    if (typeof path === "string" && digest !== undefined) name(path);
  }
  return Array.from(named, unescapeToBytes);
}
