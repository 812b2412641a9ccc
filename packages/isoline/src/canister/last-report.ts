/**
 * Where the report of a contour's last run is kept. Contours of the host's store have it under their own name:
 *
 *   web.contour of the store         web.json
 *   any other, as /srv/web.contour   web@96be6d3a5c1f0d2e.json, by the digest of its path
 *
 * A name with an `@` counts as any other. So no container writes its report over that of another contour, whatever file an annotation
 * names.
 */
import { basename, dirname, join, resolve } from "node:path";
import { sha256 } from "@isoline/core/digest";
import type { HostConfiguration } from "./host-configuration.ts";

const ENDING = ".contour";

/** Its path without the ending, `.json`. */
export function lastReportOf(
  contour: string,
  { contours, reports }: Pick<HostConfiguration, "contours" | "reports">,
): string {
  const name = basename(contour, ENDING);
  const isOfStore = dirname(contour) === resolve(contours) && contour.endsWith(ENDING) && !name.includes("@");
  return join(reports, isOfStore ? name : `${name}@${sha256(Buffer.from(contour)).slice(0, 16)}`);
}
