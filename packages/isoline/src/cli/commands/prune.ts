/** `isoline prune`: what the last runs did not do; proposed, and removed on request. */
import type { Contour } from "@isoline/core/contour";
import { formatAct, phrase } from "@isoline/core/event";
import { taskPhrase } from "@isoline/core/identity";
import { chainPhrase } from "@isoline/core/engine";
import { prunable, prune as remove } from "../../library/amend/prune.ts";
import { status } from "../ending.ts";
import { sayStaleSignature } from "../output/stale-signature.ts";
import { note, printJson, printLine } from "../output/streams.ts";
import { counted, grouped, harmless } from "../output/wording.ts";

export interface PruneOptions {
  readonly runs: number;
  readonly remove?: boolean;
  readonly all?: boolean;
  readonly json?: boolean;
}

const MOST_SHOWN = 5;

export async function prune(file: string, { runs, remove: removes, all, json }: PruneOptions): Promise<number> {
  const found = await prunable(file, runs);
  const { contour, points, unknown, accepted } = found;
  if (json) printJson({ isoline: 1, runs, unknown, accepted, points: points.map((index) => document(contour, index)) });
  else show(contour, points, all ? Number.POSITIVE_INFINITY : MOST_SHOWN);
  if (accepted > 0) note(`${counted(accepted, "point")} accepted since the first of these runs are kept`);
  if (unknown > 0) note(`${counted(unknown, "point")} of which the evidence knows nothing are kept`);
  const since = found.runs[0]?.when ?? "";
  note(
    `${harmless(file)}: ${grouped(points.length)} of ${counted(contour.size, "point")} not seen in the last ${counted(runs, "run")}, since ${since}`,
  );
  if (points.length === 0) return status.success;
  if (!removes) note("nothing was removed; --remove removes them");
  else {
    const { removedSignature } = remove(file, found);
    if (removedSignature) sayStaleSignature(file);
    note(`${harmless(file)}: ${counted(contour.size - points.length, "point")} now`);
  }
  return status.success;
}

function document(contour: Contour, index: number): unknown {
  const event = contour.event(index);
  const chain = contour.taskChain(event.actor.task).map(taskPhrase);
  return { point: contour.point(index), act: formatAct(event), chain };
}

/** By program, in the order of the contour. */
function show(contour: Contour, points: readonly number[], most: number): void {
  const byProgram = new Map<string, number[]>();
  for (const index of points) {
    const chain = contour.taskChain(contour.actor(index).task).map(taskPhrase);
    const program = chain.length === 0 ? "the first process" : chainPhrase(chain);
    byProgram.set(program, [...(byProgram.get(program) ?? []), index]);
  }
  for (const [program, indices] of byProgram) {
    printLine(harmless(program));
    for (const index of indices.slice(0, most)) printLine(`  ${harmless(phrase(contour.event(index)))}`);
    if (indices.length > most) printLine(`  … and ${grouped(indices.length - most)} more; --all shows them`);
  }
}
