/** `isoline show`: prints a contour for review. */
import type { AnyContour, Contour } from "@isoline/core/contour";
import { type Event, eventToJson } from "@isoline/core/event";
import type { Exchange } from "@isoline/core/profile";
import { loadAnyContour } from "../../store/contour-file.ts";
import { status } from "../ending.ts";
import { lensOf } from "../lens-name.ts";
import { print, printJson } from "../output/streams.ts";
import { contourPage } from "../overview/page.ts";

export interface ShowOptions {
  readonly all?: boolean;
  readonly json?: boolean;
}

export async function show(file: string, { all = false, json }: ShowOptions): Promise<number> {
  const contour = await loadAnyContour(file);
  if (json) printJson(document(contour));
  else print(contourPage(file, contour, all));
  return status.success;
}

/** Every point with its event, and every task. */
function document(contour: AnyContour): unknown {
  const any = contour as unknown as Contour<Exchange>;
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
