/** `isoline show`: prints a contour for review. */
import { basename } from "node:path";
import type { AnyContour, Contour } from "@isoline/core/contour";
import { type Event, eventToJson } from "@isoline/core/event";
import type { Evidence } from "@isoline/core/evidence";
import { type Exchange, iso1 } from "@isoline/core/profile";
import { permitsOf } from "../../export/permits.ts";
import type { Entry } from "../../namespace/entry.ts";
import { readPlaces } from "../../namespace/places.ts";
import { loadPrior } from "../../prior/file.ts";
import { type Weighed, weighPrior } from "../../prior/weigh.ts";
import { loadAnyContour } from "../../store/contour-file.ts";
import { loadEvidence } from "../../store/evidence-file.ts";
import { status } from "../ending.ts";
import { lensOf } from "../lens-name.ts";
import { priorLines } from "../output/prior.ts";
import { print, printJson } from "../output/streams.ts";
import { counted } from "../output/wording.ts";
import { contourPage } from "../overview/page.ts";
import { usage } from "../refusal.ts";

export interface ShowOptions {
  readonly all?: boolean;
  readonly json?: boolean;
  readonly html?: string;
}

export async function show(file: string, { all = false, json, html }: ShowOptions, entry: Entry): Promise<number> {
  const contour = await loadAnyContour(file);
  if (html !== undefined) {
    await writeMap(html, file, contour);
    return status.success;
  }
  const evidence = loadEvidence(file);
  const prior = contour.profile === iso1 ? loadPrior(file) : undefined;
  const weighed = prior && weighPrior(prior, permitsOf(contour as Contour, readPlaces(entry)), 0);
  if (json) printJson({ ...document(contour, evidence), ...(weighed && { prior: priorOf(weighed) }) });
  else
    print(contourPage(file, contour, { all, runs: evidence?.count, beside: weighed ? priorLines(weighed, all) : [] }));
  return status.success;
}

/** Every point with its event, and every task. */
function document(contour: AnyContour, evidence: Evidence | undefined): object {
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

function priorOf({ prior: { rules, ...about }, lacking }: Weighed): object {
  return { ...about, rules: rules.map(({ rule, state, missed }) => ({ text: rule.text, state, missed })), lacking };
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
