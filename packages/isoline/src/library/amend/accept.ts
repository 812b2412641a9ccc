/** Accepts departures: they become points of the contour, and nothing is run again. */
import { userInfo } from "node:os";
import type { Contour } from "@isoline/core/contour";
import { addProposals, matcherOf, type Proposal, settle } from "@isoline/core/engine";
import { Evidence } from "@isoline/core/evidence";
import { iso1 } from "@isoline/core/profile";
import { loadContour } from "../../store/contour-file.ts";
import { loadEvidence } from "../../store/evidence-file.ts";
import { amendFile } from "./amended-file.ts";
import type { Departed } from "./departed.ts";
import { assertSameContour, proposalsFor, type TimedProposal } from "./proposals.ts";

export interface AcceptOptions {
  /** Only departures that one of these patterns means; every departure if there are none. */
  readonly only?: readonly string[];
  /** Why, in the words of the person who accepts. */
  readonly reason?: string | undefined;
  /** Chooses among the departures; takes every one if left out. */
  readonly choose?: (proposals: readonly TimedProposal[]) => readonly TimedProposal[];
}

/** What accepting came to. */
export interface Accepted {
  /** What is on the contour now, and was not before. */
  readonly added: readonly Proposal[];
  /** Acts of programs whose execution was not accepted. */
  readonly orphaned: readonly Proposal[];
  /** The executions that would have to be accepted with them. */
  readonly needed: readonly Proposal[];
  /** What cannot be accepted, because it was not observed whole. */
  readonly open: readonly Proposal[];
  /** Departures that were not chosen. */
  readonly left: number;
  /** Departures that were on the contour already. */
  readonly already: number;
  readonly size: number;
  /** The state of the contour with them. */
  readonly state: string;
  /** What the run could not observe at all: none of that is accepted. */
  readonly incomplete: readonly string[];
  readonly removedSignature: boolean;
  /** Whether the departures were from the contour as the file had it, and not from an earlier one. */
  readonly isCurrent: boolean;
}

export async function accept(file: string, departed: Departed, options: AcceptOptions = {}): Promise<Accepted> {
  const contour = await loadContour(file, iso1);
  assertSameContour(contour, file, departed, loadEvidence(file)?.acceptances);
  const isCurrent = contour.state() === departed.state;
  const all = proposalsFor(contour, departed);
  const chosen = chosenAmong(all, options);
  const { added, orphaned, needed, open } = settle(chosen, all, contour);
  const { size, state, removedSignature } =
    added.length === 0 ? unchanged(contour) : add(file, contour, added, aboutOf(departed, options));
  return {
    added,
    orphaned,
    needed,
    open,
    left: all.length - chosen.length,
    already: departed.departures.length - all.length,
    size,
    state,
    incomplete: departed.incomplete,
    removedSignature,
    isCurrent,
  };
}

const MOST_TEXT = 1000;

function aboutOf({ source }: Departed, { reason = "" }: AcceptOptions): { reason: string; source: string } {
  return { reason: reason.slice(0, MOST_TEXT), source: source.slice(0, MOST_TEXT) };
}

function chosenAmong(all: readonly TimedProposal[], { only = [], choose }: AcceptOptions): readonly TimedProposal[] {
  const matchers = only.map(matcherOf);
  const meant = matchers.length === 0 ? all : all.filter((one) => matchers.some((isMeant) => isMeant(one)));
  return choose === undefined ? meant : choose(meant);
}

type Written = Pick<Accepted, "size" | "state" | "removedSignature">;

function unchanged(contour: Contour): Written {
  return { size: contour.size, state: contour.state(), removedSignature: false };
}

/** Adds to the file as it is now, and records in the evidence who decided that, when, and why. */
function add(
  file: string,
  seen: Contour,
  added: readonly Proposal[],
  about: { readonly reason: string; readonly source: string },
): Written {
  let written = seen;
  const when = `${new Date().toISOString().slice(0, 19)}Z`;
  const { removedSignature } = amendFile(file, seen, (contour, before) => {
    addProposals(contour, added);
    const evidence = before ?? new Evidence();
    evidence.addAcceptances(added.map(({ point }) => ({ point, when, by: userName(), ...about })));
    written = contour;
    return { contour, evidence };
  });
  return { size: written.size, state: written.state(), removedSignature };
}

/** In containers, a user often has only a number. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.geteuid?.() ?? "unknown");
  }
}
