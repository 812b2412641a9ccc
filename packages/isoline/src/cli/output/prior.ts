/** What learning has made of a prior, in words: docs/how-to/export.md. */
import { escapeText } from "@isoline/core/event";
import { iso1 } from "@isoline/core/profile";
import { permitsOf } from "../../export/permits.ts";
import type { Entry } from "../../namespace/entry.ts";
import { readPlaces } from "../../namespace/places.ts";
import { type KeptPrior, loadPrior, type RuleState, savePrior } from "../../prior/file.ts";
import { MISSED_TO_REMOVE, type Weighed, weighPrior } from "../../prior/weigh.ts";
import { loadContour } from "../../store/contour-file.ts";
import { paint } from "./paint.ts";
import { note } from "./streams.ts";
import { counted, grouped } from "./wording.ts";

/** A prior that was read before a workload began, which may write to its file. */
export class PriorBeside {
  readonly #contour: string;
  readonly #prior: KeptPrior | undefined;
  readonly #entry: Entry;

  private constructor(contour: string, prior: KeptPrior | undefined, entry: Entry) {
    this.#contour = contour;
    this.#prior = prior;
    this.#entry = entry;
  }

  static of(contour: string, entry: Entry): PriorBeside {
    return new PriorBeside(contour, loadPrior(contour), entry);
  }

  /** Weighs it by what is on the contour now, after so many complete runs; writes it, and says what came of it. */
  async weigh(completed: number, quiet: boolean): Promise<void> {
    if (this.#prior === undefined) return;
    const contour = await loadContour(this.#contour, iso1);
    const weighed = weighPrior(this.#prior, permitsOf(contour, readPlaces(this.#entry)), completed);
    savePrior(this.#contour, weighed.prior);
    if (!quiet) note(summary(weighed));
  }
}

function summary({ prior, lacking }: Weighed): string {
  const { confirmed, open, removed } = counts(prior);
  return (
    `prior ${harmlessName(prior)}: ${confirmed} of ${counted(prior.rules.length, "rule")} confirmed, ${open} not needed so far, ` +
    `${removed} removed (not needed in ${MISSED_TO_REMOVE} runs); ${counted(lacking.length, "act")} that no rule permits`
  );
}

/** Lines below these are counted, without `all`. */
const FEW = 8;
const WIDTH = 13;
const titles: Readonly<Record<RuleState, string>> = { confirmed: "confirmed", open: "not needed", removed: "removed" };

/** For a contour's page: rules that nothing needs, and acts that no rule permits. */
export function priorLines({ prior, lacking }: Weighed, all: boolean): string[] {
  const section = (title: string, texts: readonly string[]) => {
    const rest = texts.length - FEW;
    const told = all || rest <= 1 ? texts : [...texts.slice(0, FEW), `… and ${grouped(rest)} more (--all)`];
    return told.map((text, at) => `  ${paint("cyan", (at === 0 ? title : "").padEnd(WIDTH))}${escapeLine(text)}`);
  };
  const of = (wanted: RuleState) =>
    prior.rules.flatMap(({ rule, state, missed }) =>
      state === wanted ? [`${rule.text}${wanted === "confirmed" ? "" : `   (${counted(missed, "run")})`}`] : [],
    );
  const { confirmed } = counts(prior);
  return [
    "",
    `${paint("bold", `prior ${harmlessName(prior)}`)}   ${paint("dim", `${confirmed} of ${counted(prior.rules.length, "rule")} confirmed`)}`,
    ...(all ? section(titles.confirmed, of("confirmed")) : []),
    ...section(titles.open, of("open")),
    ...section(titles.removed, of("removed")),
    ...section("beyond it", lacking),
  ];
}

function counts({ rules }: KeptPrior): Readonly<Record<RuleState, number>> {
  const of = (wanted: RuleState) => rules.filter(({ state }) => state === wanted).length;
  return { confirmed: of("confirmed"), open: of("open"), removed: of("removed") };
}

const harmlessName = ({ profile, from }: KeptPrior): string => `${escapeText(profile)} (${escapeText(from)})`;

/** Spaces stay; anything that could act on a terminal does not. */
export const escapeLine = (text: string): string => text.split(" ").map(escapeText).join(" ");
