/** `isoline textconv`: what git compares in place of a contour or its evidence, so that a difference reads as sentences. */
import { type AnyContour, briefCredentials, type Contour, parseContour } from "@isoline/core/contour";
import { chainPhrase } from "@isoline/core/engine";
import { decodeEvidence, type Evidence } from "@isoline/core/evidence";
import { taskPhrase } from "@isoline/core/identity";
import type { Exchange } from "@isoline/core/profile";
import { policyLines } from "@isoline/core/verify";
import { startsAsEvidence } from "../../library/merging.ts";
import { readRegular } from "../../store/bounded-file.ts";
import { status } from "../ending.ts";
import { printLine } from "../output/streams.ts";
import { counted, harmlessWhole } from "../output/wording.ts";

const MOST_BYTES = 2 ** 29;

/** So many digits of a point that no other act can be made which has the same line: what changed would not be shown. */
const DIGITS = 40;

export function textconv(file: string): number {
  const bytes = readRegular(file, MOST_BYTES, "a contour or its evidence");
  const lines = startsAsEvidence(bytes) ? evidenceLines(decodeEvidence(bytes)) : contourLines(parseContour(bytes));
  for (const line of lines) printLine(harmlessWhole(line));
  return status.success;
}

/** One line for each rule, gap and act, who acts first; in an order that no other line changes. */
function contourLines(any: AnyContour): string[] {
  const contour = any as unknown as Contour<Exchange>;
  const acts = Array.from({ length: contour.size }, (_, index) => actLine(contour, index)).sort();
  const policy = policyLines(contour.policy).map((line) => `policy ${line}`);
  const gaps = contour.incomplete.map((reason) => `incomplete ${reason}`).sort();
  return [`profile ${contour.profile.name}`, ...policy, ...gaps, ...acts];
}

function actLine(contour: Contour<Exchange>, index: number): string {
  const { task, credentials } = contour.actor(index);
  const user = briefCredentials(credentials);
  const event = contour.event(index);
  const chain = contour.taskChain(task).map(taskPhrase);
  const who = chain.length === 0 ? "before the first program" : chainPhrase(chain);
  const as = user === "user" ? "" : ` as ${user}`;
  const act = contour.profile.formatAct(event);
  const says = contour.profile.phrase?.(event);
  const does = says === undefined ? act : [says, unsaid(act)].filter((part) => part !== "").join("   ");
  return `${who}${as}: ${does}   ${contour.point(index).slice(0, DIGITS)}`;
}

/** What a sentence may leave out of an act: everything but the operation, the path and the access. Digests are shortened. */
function unsaid(act: string): string {
  const [, ...words] = act.split(" ");
  return words
    .filter((word) => !word.startsWith("path=") && !word.startsWith("access="))
    .join(" ")
    .replaceAll(/(?<=[=@])([0-9a-f]{12})[0-9a-f]{52}(?=[ ,]|$)/g, "$1…");
}

function evidenceLines({ runs, past, replaced, acceptances }: Evidence): string[] {
  const earlier = past === 0 ? [] : [`${counted(past, "earlier run")}, of which only counts are known`];
  return [
    ...earlier,
    ...runs.map(({ when, start, incomplete, command }) => {
      const gaps = Object.keys(incomplete).length === 0 ? "" : ", incomplete";
      return `${when} ${start === "clean" ? "from a clean start" : "from an unknown start"}${gaps}: ${command}`;
    }),
    ...replaced.map(({ rule, act }) => `replaced by ${rule}: ${act}`),
    ...acceptances.map(({ when, by, reason, point }) => `${when} accepted by ${by}: ${point} ${reason}`),
  ];
}
