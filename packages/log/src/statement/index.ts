/** Statements of a fleet, as entries of a log (docs/spec/log-entries.md). */
export { type Kind, MOST_IMAGES, type Said, type SaidOf } from "./kinds.ts";
export { readStatement, type Saying, type Statement, writeStatement } from "./statement.ts";
