/** Makes the departures of a run into proposals for a contour. */
import type { Contour } from "@isoline/core/contour";
import {
  consequenceOfDeparture,
  leftOpen,
  Neighbourhood,
  type Proposal,
  stateWithout,
  Updates,
} from "@isoline/core/engine";
import { IsolineError } from "@isoline/core/error";
import type { Digest } from "@isoline/core/digest";
import type { Acceptance } from "@isoline/core/evidence";
import { taskPhrase } from "@isoline/core/identity";
import { chainOf, type Departed, type ReadDeparture } from "./departed.ts";

/** A proposal, and the departure that it was made from. */
export interface TimedProposal extends Proposal {
  readonly first: string;
  readonly last: string;
}

/** Refuses departures from another contour than this one, or than one that it grew from by accepting departures. */
export function assertSameContour(
  contour: Contour,
  file: string,
  { policy, state, source, departures }: Departed,
  accepted: readonly Acceptance[] = [],
): void {
  if (policy !== contour.policyDigest)
    throw new IsolineError(
      "not-comparable",
      `${source} was made under another policy (${policy}) than ${file} (${contour.policyDigest}); check again`,
    );
  if (contour.state() === state) return;
  const own = departures.map(({ point }) => point);
  for (const later of sinceEach(accepted)) if (stateWithout(contour, new Set([...own, ...later])) === state) return;
  throw new IsolineError(
    "not-comparable",
    `${source} is about another contour than ${file}, or ${file} has changed since: its state was ${state} and is ${contour.state()}; check again`,
  );
}

/** How often a contour may have been amended since; each time costs a pass over it. */
const MOST_AMENDMENTS = 64;

/** Nothing; then what the last decision accepted, what the last two did, and so on. */
function* sinceEach(accepted: readonly Acceptance[]): Generator<readonly Digest[]> {
  const times = [...new Set(accepted.map(({ when }) => when))].sort().slice(-MOST_AMENDMENTS);
  yield [];
  for (const time of times.toReversed()) yield accepted.filter(({ when }) => when >= time).map(({ point }) => point);
}

/** A proposal for each departure that the contour does not have, in their order. */
export function proposalsFor(contour: Contour, { departures, tasks }: Departed): TimedProposal[] {
  const learnt = new Neighbourhood(contour);
  const updates = new Updates(learnt, (id) => tasks.get(id));
  return departures
    .filter(({ event }) => contour.indexOf(event) < 0)
    .map((departure) => {
      const { event, point, count, refused, first, last } = departure;
      const chain = chainOf(event, (id) => contour.task(id) ?? tasks.get(id));
      const open = openOf(departure, chain);
      return {
        ...updates.classify(event),
        consequence: consequenceOfDeparture(event, learnt).consequence,
        event,
        point,
        count,
        refused,
        first,
        last,
        chain: chain ?? [],
        names: chain === undefined ? departure.names : chain.map(taskPhrase),
        ...(open === undefined ? {} : { open }),
      };
    });
}

function openOf({ event, guessed, remarks }: ReadDeparture, chain: ReturnType<typeof chainOf>): string | undefined {
  if (guessed) return "its parent ended before it could be read, so that which program acted is a guess";
  if (chain === undefined) return "not every program that led to it was recorded";
  return leftOpen(event, chain, remarks);
}
