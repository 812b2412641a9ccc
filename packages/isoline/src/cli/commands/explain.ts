/** `isoline explain`: why an event is on or off a contour. */
import type { Contour } from "@isoline/core/contour";
import type { Digest } from "@isoline/core/digest";
import { IsolineError } from "@isoline/core/error";
import { eventToJson, formatAct } from "@isoline/core/event";
import type { Evidence } from "@isoline/core/evidence";
import { type Exchange, iso1, iso1Point } from "@isoline/core/profile";
import { loadAnyContour } from "../../store/contour-file.ts";
import { loadEvidence } from "../../store/evidence-file.ts";
import { status } from "../ending.ts";
import { actorsOf } from "../explain/actors.ts";
import { type Answer, answers } from "../explain/judgement.ts";
import { findPoint, readQuestion } from "../explain/question.ts";
import { paint } from "../output/paint.ts";
import { printJson, printLine } from "../output/streams.ts";
import { counted } from "../output/wording.ts";

export interface ExplainOptions {
  readonly as?: string;
  readonly json?: boolean;
}

const MOST_SHOWN = 20;

export async function explain(file: string, words: readonly string[], { as, json }: ExplainOptions): Promise<number> {
  const any = await loadAnyContour(file);
  const evidence = loadEvidence(file);
  if (any.profile !== iso1)
    return explainPoint(any as unknown as Contour<Exchange>, evidence, words.join(" "), json ?? false);
  const contour = any as Contour;
  const found = answers(readQuestion(words.join(" "), contour), contour, actorsOf(contour, as));
  if (json) printJson(found.map((answer) => document(answer)));
  else if (found.length === 0) printLine(`${paint("red", "off contour")}: nothing on the contour fits`);
  else for (const line of page(found, contour, evidence)) printLine(line);
  return found.some(({ explanation }) => explanation.reason === "on-contour") ? status.success : status.nothingFound;
}

function document({ event, explanation, assumed }: Answer): unknown {
  return {
    point: iso1Point(event),
    onContour: explanation.reason === "on-contour",
    reason: explanation.reason,
    sentence: explanation.sentence,
    event: eventToJson(event),
    assumed,
    nearest: explanation.nearest.map(({ event: near, kinship }) => ({
      kinship,
      act: formatAct(near),
      point: iso1Point(near),
    })),
  };
}

function page(found: readonly Answer[], contour: Contour, evidence: Evidence | undefined): string[] {
  const lines = found.slice(0, MOST_SHOWN).flatMap(({ event, explanation, assumed }) => {
    const on = explanation.reason === "on-contour";
    const handle = contour.taskHandles().get(event.actor.task) ?? "-";
    const verdict = on ? paint("green", "on contour") : paint("red", "off contour");
    return [
      `${verdict}: ${explanation.sentence}`,
      `  point  ${iso1Point(event)}`,
      `  by     ${handle}`,
      `  act    ${formatAct(event)}`,
      ...(on ? seenLines(iso1Point(event), evidence) : []),
      ...(assumed
        ? [
            paint(
              "dim",
              "  fields that you left out are taken from the nearest event on the contour, or have their usual values",
            ),
          ]
        : []),
      ...explanation.nearest.map(({ event: near }) => paint("dim", `  near   ${formatAct(near)}`)),
    ];
  });
  return found.length > MOST_SHOWN ? [...lines, `… and ${counted(found.length - MOST_SHOWN, "point")} more`] : lines;
}

/** How often a point was seen, where there is evidence. */
function seenLines(point: Digest, evidence: Evidence | undefined): string[] {
  if (evidence === undefined) return [];
  const runs = `${evidence.countOf(point)} of ${counted(evidence.count, "run")}`;
  return [`  seen   in ${runs}, ${counted(evidence.occurrences(point), "time")}`];
}

/** Events of another profile can only be compared by their point. */
function explainPoint(
  contour: Contour<Exchange>,
  evidence: Evidence | undefined,
  asked: string,
  json: boolean,
): number {
  if (!/^[0-9a-f]{4,64}$/.test(asked))
    throw new IsolineError(
      "bad-event",
      `expected a point: events of the profile ${contour.profile.name} come from elsewhere`,
    );
  const index = findPoint(contour as unknown as Contour, asked);
  const act = contour.profile.formatAct(contour.event(index));
  const point = contour.point(index);
  const seen = evidence && { runs: evidence.countOf(point), occurrences: evidence.occurrences(point) };
  if (json) printJson([{ point, onContour: true, act, ...seen }]);
  else
    for (const line of [
      paint("green", "on contour"),
      `  point  ${point}`,
      `  act    ${act}`,
      ...seenLines(point, evidence),
    ])
      printLine(line);
  return status.success;
}
