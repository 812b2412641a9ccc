/** Accepts departures: they become points of the contour, and nothing is run again. */
import { type Contour, parseContour } from "@isoline/core/contour";
import { addProposals, type Proposal, settle } from "@isoline/core/engine";
import { IsolineError } from "@isoline/core/error";
import { iso1 } from "@isoline/core/profile";
import { lock } from "@isoline/linux";
import { CliError } from "../../error.ts";
import { loadContour, MOST_CONTOUR_BYTES, saveContour } from "../../store/contour-file.ts";
import { Output } from "../../store/output.ts";
import { removeStaleSignature } from "../../store/signature/stale.ts";
import type { Departed } from "./departed.ts";
import { matcherOf } from "./matching.ts";
import { assertSameContour, proposalsFor, type TimedProposal } from "./proposals.ts";

/** Patience for other processes that write the same contour: each only reads and writes a file. */
const PATIENCE_MS = 60_000;

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
  /** What cannot be accepted, because it was not observed whole. */
  readonly open: readonly Proposal[];
  /** Departures that were not chosen. */
  readonly left: number;
  /** Departures that were on the contour already. */
  readonly already: number;
  readonly size: number;
  /** What the run could not observe at all: none of that is accepted. */
  readonly incomplete: readonly string[];
  readonly removedSignature: boolean;
}

export async function accept(file: string, departed: Departed, options: AcceptOptions = {}): Promise<Accepted> {
  const contour = await loadContour(file, iso1);
  assertSameContour(contour, file, departed);
  const all = proposalsFor(contour, departed);
  const chosen = chosenAmong(all, options);
  const { added, orphaned, open } = settle(chosen, all, contour);
  const { size, removedSignature } = added.length === 0 ? unchanged(contour) : add(file, contour, added);
  return {
    added,
    orphaned,
    open,
    left: all.length - chosen.length,
    already: departed.departures.length - all.length,
    size,
    incomplete: departed.incomplete,
    removedSignature,
  };
}

function chosenAmong(all: readonly TimedProposal[], { only = [], choose }: AcceptOptions): readonly TimedProposal[] {
  const matchers = only.map(matcherOf);
  const meant = matchers.length === 0 ? all : all.filter((one) => matchers.some((isMeant) => isMeant(one)));
  return choose === undefined ? meant : choose(meant);
}

function unchanged({ size }: Contour): { size: number; removedSignature: boolean } {
  return { size, removedSignature: false };
}

/** Adds to the file as it is now, which must still be the contour that was looked at. */
function add(file: string, seen: Contour, added: readonly Proposal[]): { size: number; removedSignature: boolean } {
  const output = Output.open(file);
  try {
    if (!lock(output.directory, PATIENCE_MS))
      throw new CliError("cannot-write", `cannot amend ${file}: its directory is locked (flock) by another process`);
    const now = parseContour(output.read(MOST_CONTOUR_BYTES), { profile: iso1 }) as Contour;
    if (now.state() !== seen.state() || now.policyDigest !== seen.policyDigest)
      throw new IsolineError("not-comparable", `${file} was changed meanwhile, and nothing was accepted; accept again`);
    addProposals(now, added);
    saveContour(output, now);
    return { size: now.size, removedSignature: removeStaleSignature(output) };
  } finally {
    output.close();
  }
}
