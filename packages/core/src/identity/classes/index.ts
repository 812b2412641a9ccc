/** Class rules: the last stage of the lens. */
export { combinedRules } from "./combine.ts";
export { rulesAt } from "./at-launch.ts";
export { type Classed, Classes } from "./classes.ts";
export { foundOperations, foundState, isFoundState } from "./found-state.ts";
export { guardOf } from "./guarded.ts";
export { type KindName, kinds } from "./kinds.ts";
export { componentsOf, isFree } from "./levelled-path.ts";
export { isPlain, NameClass } from "./name-class.ts";
export { NamePaths, namePath } from "./name-path.ts";
export { classFields, classOperations } from "./operations.ts";
export { MOST_NAMES, MOST_PROGRAMS, MOST_RULES, parseRule, parseRules } from "./parse-rule.ts";
export { canonicalRule, type ClassRule, partsOf } from "./rule.ts";
export { StaleActs } from "./stale.ts";
