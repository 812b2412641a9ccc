/** `isoline show`: a contour for people. */
import { type AnyContour, type Contour, type Event, eventToJson, type Exchange } from "@isoline/core";
import { loadAnyContour } from "../../store/contour-file.ts";
import { status } from "../ending.ts";
import { lensOf } from "../lens-name.ts";
import { paint } from "../output/paint.ts";
import { print, printJson } from "../output/streams.ts";
import { counted } from "../output/wording.ts";
import { habitLines, type ProgramPortrait, portraitsOf } from "../portrait/portrait.ts";

export interface ShowOptions {
  readonly all?: boolean;
  readonly json?: boolean;
}

const HEADING_WIDTH = 13;

export async function show(file: string, { all = false, json }: ShowOptions): Promise<number> {
  const contour = await loadAnyContour(file);
  if (json) printJson(document(contour));
  else print(page(file, contour, all));
  return status.success;
}

function page(file: string, contour: AnyContour, all: boolean): string {
  const portraits = portraitsOf(contour);
  const programs = portraits.filter(({ chain }) => chain.length > 0).length;
  const facts = `${counted(contour.size, "point")} of ${counted(programs, "program")}, learnt in ${counted(contour.runs, "run")}`;
  const under = `profile ${contour.profile.name}, ${lensOf(contour).text}`;
  const gaps = contour.incomplete.map(
    ({ reason, count }) => `${paint("yellow", "incomplete:")} ${reason} (${counted(count, "time")})\n`,
  );
  return [`${file}: ${facts}; ${under}\n`, ...gaps, ...portraits.map((portrait) => program(portrait, all))].join("");
}

function program(portrait: ProgramPortrait, all: boolean): string {
  const { chain, path, users } = portrait;
  const heading = chain.length === 0 ? "before the first program" : chain.join(" → ");
  const lines = habitLines(portrait, all).flatMap(([title, entries]) =>
    entries.map((entry, at) => `  ${paint("cyan", (at === 0 ? title : "").padEnd(HEADING_WIDTH))}${entry}\n`),
  );
  return `\n${paint("bold", heading)}   ${paint("dim", `${path}${path && "  "}as ${users.join(", ")}`)}\n${lines.join("")}`;
}

/** Every point with its event, by program. */
function document(contour: AnyContour): unknown {
  const any = contour as Contour<Exchange>;
  return {
    isoline: 1,
    profile: any.profile.name,
    lens: lensOf(contour).digest,
    policy: JSON.parse(any.policy) as unknown,
    runs: any.runs,
    incomplete: any.incomplete,
    tasks: Array.from(any.tasks(), ({ id, parent, images }) => ({ id, parent, images })),
    points: Array.from({ length: any.size }, (_, index) => pointOf(any, index)),
  };
}

function pointOf(contour: Contour<Exchange>, index: number): unknown {
  const event = contour.event(index);
  return {
    point: contour.point(index),
    act: contour.profile.formatAct(event),
    ...contour.provenance(index),
    ...(contour.profile.name === "iso1" && { event: eventToJson(event as Event) }),
  };
}
