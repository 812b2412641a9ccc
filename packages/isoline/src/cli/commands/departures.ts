/** `isoline departures`: what departed from a contour, with times: of a report, of a live namespace, or of one that has ended. */
import { type Cause, causesOf } from "@isoline/core/engine";
import type { ReadDeparture } from "../../library/amend/departed.ts";
import { departedFrom } from "../../library/amend/source.ts";
import { status } from "../ending.ts";
import { paint } from "../output/paint.ts";
import { note, printJson, printLine } from "../output/streams.ts";
import { counted, grouped, harmless } from "../output/wording.ts";

export interface DeparturesOptions {
  readonly all?: boolean;
  readonly earlier?: boolean;
  readonly json?: boolean;
}

/** Acts shown of each cause; `--all` shows every one. */
const MOST_ACTS = 3;

export async function departures(
  source: string,
  { all = false, earlier = false, json }: DeparturesOptions,
): Promise<number> {
  const departed = await departedFrom(source, earlier);
  const { departures: found, incomplete } = departed;
  if (json) {
    const told = found.map((each) => ({ ...(each.told as object), ...countsOf(each) }));
    printJson({ isoline: 1, source: departed.source, incomplete, departures: told });
    return status.success;
  }
  for (const cause of causesOf(found.map((each) => ({ ...each, ...each.classified })))) tell(cause, all);
  const { count, refused } = sumOf(found);
  note(
    `${harmless(departed.source)}: ${counted(found.length, "departure")}, ${counted(count, "event")}${refusedText(count, refused)}`,
  );
  for (const reason of incomplete) note(`${paint("yellow", "incomplete")}: ${harmless(reason)}`);
  return status.success;
}

function countsOf({ count, refused, last }: ReadDeparture) {
  return { count, refused, last };
}

function tell({ title, details, departures: found }: Cause<Shown>, all: boolean): void {
  const { count, refused, first, last } = sumOf(found);
  const times = first === last ? timeText(first) : `${timeText(first)} to ${timeText(last)}`;
  printLine(paint("bold", harmless(title)));
  printLine(`  ${times}; ${counted(found.length, "point")}, ${counted(count, "event")}${refusedText(count, refused)}`);
  const shown = all ? details : details.slice(0, MOST_ACTS);
  for (const detail of shown) printLine(paint("dim", `  ${harmless(detail)}`));
  if (shown.length < details.length) printLine(paint("dim", `  … and ${grouped(details.length - shown.length)} more`));
}

type Shown = ReadDeparture & ReadDeparture["classified"];

function sumOf(found: readonly ReadDeparture[]) {
  const times = found.flatMap(({ first, last }) => [first, last]).sort();
  return {
    count: found.reduce((sum, each) => sum + each.count, 0),
    refused: found.reduce((sum, each) => sum + each.refused, 0),
    first: times[0] ?? "",
    last: times.at(-1) ?? "",
  };
}

function refusedText(count: number, refused: number): string {
  if (refused === 0) return "";
  return `, ${refused === count ? "all" : grouped(refused)} refused`;
}

/** To the second, in UTC. */
function timeText(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 19)}Z`;
}
