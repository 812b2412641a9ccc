/** The engine: the verdict on an event, and its explanation. */
export { Engine, type Judgement, type Mode, type Reaction } from "./engine.ts";
export type { Explanation, Reason } from "./explanation.ts";
export type { Circumstances, ContentRemark, Departure } from "./forensics.ts";
export { KnownKeys } from "./known.ts";
export { chainPhrase } from "./lineage.ts";
export { Neighbourhood } from "./nearest.ts";
export { SUPERVISOR } from "./trust.ts";
export { explain, explainEvent, why } from "./why.ts";
