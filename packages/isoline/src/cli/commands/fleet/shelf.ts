/** `isoline fleet policy`, and `isoline fleet reference` without images: files that say what is accepted, and what good looks like. */
import { parseContour } from "@isoline/core/contour";
import { IsolineError } from "@isoline/core/error";
import { createHash } from "node:crypto";
import {
  dryRunOf,
  fileOf,
  nodes,
  publish,
  publishContour,
  published,
  type Shelf,
  withdrawContour,
} from "../../../fleet/people.ts";
import type { DryRun, Published } from "../../../fleet/model.ts";
import type { FleetServer } from "../../../fleet/server.ts";
import { readRegular } from "../../../store/bounded-file.ts";
import { status } from "../../ending.ts";
import { type Format, formats, printList, printValue, type View } from "../../fleet/format.ts";
import { assertForm, type FleetOptions, named, withServer } from "../../fleet/session.ts";
import { ageText, shown, shownWord, stateText } from "../../fleet/words.ts";
import { note, print, printLine } from "../../output/streams.ts";
import { table } from "../../output/table.ts";
import { counted, grouped, harmless } from "../../output/wording.ts";
import { usage } from "../../refusal.ts";

export interface FleetShelfOptions extends FleetOptions {
  /** A file to publish under the name. */
  readonly set?: string;
  /** A policy that is only tried. */
  readonly dryRun?: string;
  /** Contours that are published after the file is. */
  readonly contour?: readonly string[];
  /** Digests of contours that are to count no longer. */
  readonly withdraw?: readonly string[];
}

/** What a verifier takes of a contour, or of reference values. */
export const MOST_FILE = 16 * 1024 * 1024;
const DIGEST = /^(?:sha256:)?([0-9a-f]{64})$/;

export const fleetPolicy = (name: string | undefined, options: FleetShelfOptions) => onShelf("policies", name, options);

export async function onShelf(shelf: Shelf, name: string | undefined, options: FleetShelfOptions): Promise<number> {
  const { set, dryRun, contour = [], withdraw = [], output } = options;
  const withdrawn = withdraw.map(digestIn);
  if (set !== undefined && dryRun !== undefined)
    throw usage("expected one of --set and --dry-run: try it, then set it");
  if (name === undefined && (set !== undefined || dryRun !== undefined))
    throw usage("expected a name to publish under");
  if (name !== undefined && set === undefined && contour.length + withdraw.length > 0)
    throw usage("expected --set beside a name; --contour and --withdraw are about no name: leave it out");
  assertForm(output, formsOf(name, options));
  const files = { set: readNamed(set), dryRun: readNamed(dryRun), contours: contour.map(contourAt) };
  return withServer(options, async (server) => {
    if (name === undefined) {
      if (contour.length + withdraw.length === 0)
        await printList(output, await published(server, shelf), shelfView(shelf));
    } else if (files.set !== undefined) {
      if (shelf === "policies") await putPolicy(server, named(name), files.set);
      else {
        await publish(server, shelf, named(name), files.set);
        note(`${name}: published`);
      }
    } else if (files.dryRun !== undefined) {
      const told = await dryRunOf(server, named(name), files.dryRun);
      await tellDryRun(options, told);
      return told.red > 0 ? status.offContour : status.success;
    } else print(lined(await fileOf(server, shelf, named(name))));
    // After reference values, which say for which images it is: without them it counts for any.
    for (const { path, digest, file } of files.contours) {
      await publishContour(server, digest, file);
      note(`${harmless(path)}: published as ${digest}`);
    }
    // Last, so that reference values may name it no more.
    for (const digest of withdrawn) {
      await withdrawContour(server, digest);
      note(`${digest}: withdrawn`);
    }
    return status.success;
  });
}

/** A file is printed as it is, and what is published has no form. */
function formsOf(name: string | undefined, { dryRun, contour, withdraw }: FleetShelfOptions): readonly Format[] {
  if (dryRun !== undefined) return ["table", "json", "yaml"];
  return name === undefined && contour === undefined && withdraw === undefined ? formats : ["table"];
}

/** All files are read before anything is published: a name that was mistyped must leave nothing half done. */
const readNamed = (path: string | undefined) =>
  path === undefined ? undefined : readRegular(path, MOST_FILE, "a file to publish");

function contourAt(path: string) {
  const file = readRegular(path, MOST_FILE, "a contour");
  try {
    parseContour(file);
  } catch (fault) {
    if (!(fault instanceof IsolineError)) throw fault;
    throw new IsolineError(fault.code, `${path}: ${fault.message}`, { cause: fault });
  }
  return { path, file, digest: createHash("sha256").update(file).digest("hex") };
}

async function putPolicy(server: FleetServer, name: string, file: Buffer): Promise<void> {
  const before = await published(server, "policies");
  const seconds = await interval(server);
  await publish(server, "policies", name, file);
  const digest = createHash("sha256").update(file).digest("hex");
  if (before.some((one) => one.name === name && one.digest === digest))
    return note(`${name}: this very file is in force already; nothing was changed`);
  note(
    `${name}: published; it judges each node from its next evidence on${seconds === undefined ? "" : `, within ${seconds} s`}`,
  );
}

/** Seconds from one evidence to the next, as any node shows them; undefined where none has sent any. */
async function interval(server: FleetServer): Promise<number | undefined> {
  const [{ lastSeen = "", due = "" } = {}] = (await nodes(server, {}, 1)).items;
  const seconds = Math.round((Date.parse(due) - Date.parse(lastSeen)) / 1000);
  return Number.isNaN(seconds) ? undefined : seconds;
}

function digestIn(told: string): string {
  const [, digest] = DIGEST.exec(told) ?? [];
  if (digest === undefined)
    throw usage(`expected the SHA-256 of a contour in hexadecimal, got ${JSON.stringify(told.slice(0, 80))}`);
  return digest;
}

async function tellDryRun({ output }: FleetOptions, told: DryRun): Promise<void> {
  if (output === "json" || output === "yaml") return printValue(output, told);
  const { changes, unlisted = 0, red, green, other = 0, same } = told;
  const heading = ["NODE", "CANISTER", "FROM", "TO", "WHY"];
  const rows = changes.map(({ node, label, from, to, why }) => [
    shown(node),
    shownWord(label, 60),
    stateText(from),
    stateText(to),
    shown(why, 120),
  ]);
  if (rows.length > 0) for (const line of table(heading, rows)) printLine(line);
  if (unlisted > 0) note(`${counted(changes.length, "change")} shown, and there are ${grouped(unlisted)} more`);
  const otherwise = other > 0 ? `, and change ${grouped(other)} otherwise` : "";
  note(`would turn ${counted(red, "verdict")} red and ${green} green${otherwise}; ${same} stay. Nothing was changed`);
}

const shelfView = (shelf: Shelf): View<Published> => ({
  heading: ["NAME", "VERSION", "SINCE"],
  wide: ["DIGEST"],
  cells: ({ name, version, since }) => [shown(name), version === undefined ? "-" : String(version), ageText(since)],
  wideCells: ({ digest }) => [digest ?? "-"],
  name: ({ name }) => `${shelf === "policies" ? "policy" : "reference"}/${name}`,
});

/** A file of the server's, line by line, as it may be shown on a terminal. */
const lined = (text: string): string =>
  text
    .split("\n")
    .map((line) => line.replace(/[^\P{C}\t]/gu, (letter) => harmless(letter)))
    .join("\n");
