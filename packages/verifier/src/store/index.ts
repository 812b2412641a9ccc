/** The store: tables, and every query that a verifier makes. */
export * from "./audit.ts";
export * from "./changes.ts";
export type { Connection, Database } from "./connection.ts";
export * from "./enrolments.ts";
export * from "./evidence.ts";
export * from "./intervals.ts";
export * from "./leases.ts";
export * from "./listing.ts";
export * from "./nodes.ts";
export * from "./receivers.ts";
export * from "./retirement.ts";
export * from "./revocations.ts";
export * from "./rules.ts";
export * from "./statements.ts";
export { isPassing, openStore, prepareStore, storeGone } from "./store.ts";
export type { ChangedTo, DepartedProcesses, LinkRow, State } from "./tables.ts";
export { VerdictQueue } from "./verdict-queue.ts";
export * from "./verdicts.ts";
