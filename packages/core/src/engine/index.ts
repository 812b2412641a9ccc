/** The engine: the verdict on an event, and its explanation. */
export { type Cause, causesOf } from "./amend/causes.ts";
export { leftOpen } from "./amend/left-open.ts";
export { matcherOf } from "./amend/matching.ts";
export { addProposals, type Caused, type Proposal, settle, type Settled } from "./amend/proposal.ts";
export { stateWithout } from "./amend/same-contour.ts";
export {
  compareDepartures,
  consequenceOf,
  consequenceOfAct,
  consequenceOfDeparture,
  type Ranked,
} from "./consequence.ts";
export { type Consequence, consequences, isConsequence } from "./consequence/classes.ts";
export { type Rule as ConsequenceRule, rules as consequenceRules } from "./consequence/rules.ts";
export {
  Engine,
  type EnginePort,
  type Judgement,
  type Mode,
  type Points,
  type Reaction,
  type Tally,
} from "./engine.ts";
export type { Explanation, Reason } from "./explanation.ts";
export type { Answer, Circumstances, ContentRemark, Departure, ForensicsLimits } from "./forensics.ts";
export { KnownKeys } from "./known.ts";
export { chainPhrase } from "./lineage.ts";
export { Neighbourhood } from "./nearest.ts";
export { type Cause as TrustCause, SUPERVISOR, Trust } from "./trust.ts";
export { explain, explainEvent, why } from "./why.ts";
export type { Changes, ContentChange, Move } from "./updates/changes.ts";
export { type Update, updatesAmong } from "./updates/groups.ts";
export { type Classified, type DepartureClass, departureClasses, Updates } from "./updates/updates.ts";
export { type FoundAct, type FoundProgram, queryContour, viewsOf } from "./query/answer.ts";
export { Query } from "./query/query.ts";
