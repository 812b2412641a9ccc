/**
 * Places of files that an annotation has written. They lie below the folders of the host, `contours` and `reports`, and are of no other
 * image there.
 *
 * Annotations are the word of the user who starts a container, but not with every tool: `umoci unpack` copies the labels of an image into
 * the bundle (image-spec, conversion.md), and podman before 4.5.1 copied the annotations of its manifest. An image must not choose which
 * file root replaces, nor widen what a rule enforces or what another image without a label learns.
 */
import { realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, normalize, relative, resolve } from "node:path";
import { CliError } from "../error.ts";
import { isAttachedPath } from "./attached.ts";
import type { HostConfiguration, ImageRule } from "./host-configuration.ts";
import { isOfAnotherRun } from "./last-report.ts";

const NAME = /^[\w-][\w.-]{0,200}$/;
/** A contour, and what is kept beside it. */
const OF_CONTOUR = /\.contour(?:\.[a-z]+)?$/;
/** What is kept beside a contour, and reports. */
const NO_CONTOUR = /\.(?:sig|from|prior|evidence|json)$/;
const REPORT = "dev.isoline.report";
const CONTOUR = "dev.isoline.contour";

/** The file of an annotated report; throws `bad-label`. */
export function annotatedReport(named: string, contour: string, host: HostConfiguration): string {
  const path = placeBelow(host, "reports", REPORT, named);
  // Where both are in one folder, no other ending tells them apart.
  const isContour = host.contours === host.reports ? !path.endsWith(".json") : OF_CONTOUR.test(path);
  if (ruleFor(path, host) !== undefined || isContour || isAmong(path, host.contours, host.reports))
    throw refusal(
      REPORT,
      `the name of a report, as web-1.json, outside of ${host.contours}`,
      named,
      "choose another name",
    );
  if (!isOfAnotherRun(path, contour, host)) return path;
  throw refusal(REPORT, "a name that the last run of another contour has not taken", named, "choose another name");
}

/** The file that a contour is learnt into because an annotation says so; throws `bad-label`. */
export function annotatedToLearn(named: string, host: HostConfiguration): string {
  const path = placeBelow(host, "contours", CONTOUR, named);
  const rule = ruleFor(path, host);
  // A name with an @ is that of an image without a label (label.ts).
  if (NO_CONTOUR.test(path) || basename(path).includes("@") || isAmong(path, host.reports, host.contours))
    throw refusal(CONTOUR, "the name of a contour, as web.contour", named, "choose another name");
  if (rule === undefined && !isAttachedPath(path)) return path;
  const whose = rule === undefined ? "an attached contour has" : `${host.file} has for images like ${rule.image}`;
  throw refusal(CONTOUR, `a file to learn into other than ${whose}`, named, "choose another name");
}

/** The rule of the host whose contour a file is. */
function ruleFor(path: string, { images, contours }: HostConfiguration): ImageRule | undefined {
  return images.find(({ contour }) => resolve(contours, contour) === path);
}

/** A name in the folder, or an absolute path below it that no symbolic link below the folder leads out of it. */
function placeBelow(host: HostConfiguration, key: "contours" | "reports", annotation: string, named: string): string {
  const folder = host[key];
  const path = NAME.test(named) ? join(folder, named) : normalize(named);
  if (isAbsolute(path) && isBelow(path, folder) && !isThroughLink(path, folder)) return path;
  const expected = `a path below ${folder} without links (${key} of ${host.file ?? "/etc/isoline/canisters.yaml"})`;
  throw refusal(annotation, expected, named, `name one there, or set ${key}`);
}

/** Whether a path is below a folder of the host that lies in the one that the path is for. */
function isAmong(path: string, folder: string, own: string): boolean {
  return isBelow(folder, own) && isBelow(path, folder);
}

function isBelow(path: string, folder: string): boolean {
  const rest = relative(folder, path);
  return rest !== "" && rest !== ".." && !rest.startsWith("../");
}

/** Where a directory is missing, no link leads anywhere; opening the file says so. The last name is looked at there as well. */
function isThroughLink(path: string, folder: string): boolean {
  const directory = dirname(path);
  try {
    return realpathSync(directory) !== join(realpathSync(folder), relative(folder, directory));
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code !== "ENOENT";
  }
}

function refusal(annotation: string, expected: string, named: string, next: string): CliError {
  const got = JSON.stringify(named.slice(0, 120));
  return new CliError("bad-label", `${annotation}: expected ${expected}, got ${got}; ${next}`);
}
