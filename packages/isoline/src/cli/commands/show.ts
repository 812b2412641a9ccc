/** `isoline show`: prints a contour for review. */
import { basename } from "node:path";
import type { AnyContour, Contour } from "@isoline/core/contour";
import { type Event, eventToJson } from "@isoline/core/event";
import type { Evidence } from "@isoline/core/evidence";
import { type Exchange, iso1 } from "@isoline/core/profile";
import { loadAnyContour } from "../../store/contour-file.ts";
import { loadEvidence } from "../../store/evidence-file.ts";
import { status } from "../ending.ts";
import { lensOf } from "../lens-name.ts";
import { print, printJson } from "../output/streams.ts";
import { counted } from "../output/wording.ts";
import { contourPage } from "../overview/page.ts";
import { usage } from "../refusal.ts";

export interface ShowOptions {
  readonly all?: boolean;
  readonly json?: boolean;
  readonly html?: string;
}

export async function show(file: string, { all = false, json, html }: ShowOptions): Promise<number> {
  const contour = await loadAnyContour(file);
  if (html !== undefined) {
    await writeMap(html, file, contour);
    return status.success;
  }
  const evidence = loadEvidence(file);
  if (json) printJson(document(contour, evidence));
  else print(contourPage(file, contour, all, evidence?.count));
  return status.success;
}

/** Every point with its event, and every task. */
function document(contour: AnyContour, evidence: Evidence | undefined): unknown {
  const any = contour as unknown as Contour<Exchange>;
  return {
    isoline: 1,
    profile: any.profile.name,
    lens: lensOf(contour).digest,
    policy: JSON.parse(any.policy) as unknown,
    ...(evidence && { runs: evidence.count }),
    incomplete: any.incomplete,
    tasks: Array.from(any.tasks(), ({ id, parent, images }) => ({ id, parent, images })),
    points: Array.from({ length: any.size }, (_, index) => pointOf(any, index, evidence)),
  };
}

function pointOf(contour: Contour<Exchange>, index: number, evidence: Evidence | undefined): unknown {
  const event = contour.event(index);
  const point = contour.point(index);
  return {
    point,
    act: contour.profile.formatAct(event),
    ...(evidence && { runs: evidence.countOf(point), occurrences: evidence.occurrences(point) }),
    ...(contour.profile.name === "iso1" && { event: eventToJson(event as Event) }),
  };
}

async function writeMap(html: string, file: string, contour: AnyContour): Promise<void> {
  if (contour.profile !== iso1)
    throw usage(
      `expected a contour of the profile iso1; ${file} has ${contour.profile.name}, whose acts cannot be drawn`,
    );
  const { mapOfContour } = await import("../html/map.ts");
  const { writePage } = await import("../html/write.ts");
  const facts = [
    counted(contour.size, "point"),
    lensOf(contour).text,
    ...contour.incomplete.map((reason) => `incomplete: ${reason}`),
  ];
  writePage(html, mapOfContour(basename(file), facts, contour as Contour));
}
