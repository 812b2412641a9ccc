/**
 * Where the report of a contour's last run is kept. Contours of the host's store have it under their own name:
 *
 *   web.contour of the store         web.json
 *   any other, as /srv/web.contour   web@96be6d3a5c1f0d2e.json, by the digest of its path
 *
 * A name with an `@` counts as any other. Beside it, web.ima has what an integrity view found. So no container writes its report over
 * that of another contour, whatever contour an annotation names; `isOfAnotherRun` is for a report that an annotation names.
 */
import { existsSync, mkdirSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { sha256 } from "@isoline/core/digest";
import { Output } from "../store/output.ts";
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

/** It is written when the run has ended. */
export function openLastReport(contour: string, host: Pick<HostConfiguration, "contours" | "reports">): Output {
  mkdirSync(host.reports, { recursive: true, mode: 0o755 });
  return Output.open(`${lastReportOf(contour, host)}.json`);
}

/** Whether a path below `reports` is, or lies in, what is kept there of another contour's last run. */
export function isOfAnotherRun(
  path: string,
  contour: string,
  host: Pick<HostConfiguration, "contours" | "reports">,
): boolean {
  const [first = ""] = relative(host.reports, path).split("/");
  const name = first.replace(/\.(?:json|ima)$/, "");
  if (name === first || path === `${lastReportOf(contour, host)}.json`) return false;
  return name.includes("@") || existsSync(join(host.contours, `${name}${ENDING}`));
}
