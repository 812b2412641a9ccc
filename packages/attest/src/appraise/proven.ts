/**
 * Facts about bytes that cost much to prove and are true for ever: that a log leads to registers, that a proof is of a label. A verifier
 * that sees the same bytes each minute may keep that it proved them. Only what was proven is kept: a refusal is made anew each time.
 */
export type FactName = "boot-log" | "ima-list" | "ledger-start" | "label";

export interface Fact {
  readonly isProven: boolean;
  /** Keeps that it was proven. */
  keep(): void;
}

export interface ProvenFacts {
  /** The fact of this name about these bytes. All that it depends on must be among them. */
  recall(name: FactName, ...about: readonly Uint8Array[]): Fact;
}

/** Everything is proven anew. */
export const nothingProven: ProvenFacts = { recall: () => ({ isProven: false, keep: () => {} }) };
