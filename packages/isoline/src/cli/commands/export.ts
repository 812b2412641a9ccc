/** `isoline export`: a contour as the policy of another system, and what that policy cannot say. */
import { basename, resolve } from "node:path";
import { escapeText } from "@isoline/core/event";
import { iso1 } from "@isoline/core/profile";
import type { Places } from "@isoline/linux";
import type { ExportFormat } from "../../export/format.ts";
import { exportContour } from "../../export/formats.ts";
import type { Entry } from "../../namespace/entry.ts";
import { readPlaces } from "../../namespace/places.ts";
import { loadContour } from "../../store/contour-file.ts";
import { Output } from "../../store/output.ts";
import { status } from "../ending.ts";
import { note, print, printJson } from "../output/streams.ts";
import { harmless } from "../output/wording.ts";
import { usage } from "../refusal.ts";

export interface ExportOptions {
  readonly to: ExportFormat;
  readonly output?: string;
  readonly name?: string;
  readonly cwd?: string;
  readonly home?: string;
  readonly tmp?: readonly string[];
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Names of profiles and resources: what Kubernetes and AppArmor both accept. */
const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/;

export async function exportTo(file: string, options: ExportOptions, entry: Entry): Promise<number> {
  const name = options.name ?? nameOf(file);
  if (!NAME.test(name))
    throw usage(`expected a name of lower-case letters, digits, dots and hyphens, got ${name}; choose one with --name`);
  const contour = await loadContour(file, iso1);
  const { text, unsaid } = exportContour(contour, options.to, placesOf(options, entry), name);
  if (options.output !== undefined) write(options.output, text);
  if (options.json) printJson({ format: options.to, text, unsaid });
  else if (options.output === undefined) print(text);
  if (!options.quiet && !options.json) {
    note(`${options.to} cannot say everything that ${harmless(file)} says. It does not hold:`);
    for (const sentence of unsaid) note(`  ${harmless(sentence)}`);
  }
  return status.success;
}

/** Where the tokens of the contour lie on the machine that will use the policy: this one, unless told otherwise. */
function placesOf({ cwd, home, tmp }: ExportOptions, entry: Entry): Places {
  const here = readPlaces(entry);
  const there = (path: string) => escapeText(resolve(path));
  return {
    ...here,
    ...(cwd === undefined ? {} : { cwd: there(cwd) }),
    ...(home === undefined ? {} : { home: there(home) }),
    ...(tmp === undefined ? {} : { temp: tmp.map(there) }),
  };
}

const nameOf = (file: string) =>
  basename(file)
    .replace(/\.contour$/, "")
    .toLowerCase();

function write(path: string, text: string): void {
  const output = Output.open(path);
  output.write([text]);
  output.close();
}
