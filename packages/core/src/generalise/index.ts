/** Class rules that follow from evidence: which would make a contour hold for more runs, and what each gives up. */
export { type Act, actsOf } from "./acts.ts";
export { type Candidate, type Tier, tiers } from "./candidate.ts";
export { type Choice, choose, cumulativeShares } from "./choose.ts";
export type { Fit } from "./fit.ts";
export { Trials } from "./trials.ts";
export { classed, type Learnt, lineOf, policyOf, type Restored, restored, staleIn, withRules } from "./apply.ts";
export { type Probed, type ProbeKind, Prober, probeKinds } from "./probes.ts";
