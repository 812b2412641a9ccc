/**
 * Facts about bytes that cost much to prove and are true for ever: that a log leads to registers, that a proof is of a label. A verifier
 * that sees the same bytes each minute may keep that it proved them. Only what was proven is kept: a refusal is made anew each time.
 */
import type { ImaEnd } from "../boot/index.ts";
import type { Ledger, LedgerRecord } from "../register/index.ts";
import type { Accepted } from "./accepted.ts";

export type FactName = "boot-log" | "label";

export interface Fact {
  readonly isProven: boolean;
  /** Keeps that it was proven. */
  keep(): void;
}

/** What the bytes of a ledger lead to, by themselves. */
export interface ReplayedLedger {
  readonly ledger: Ledger;
  readonly records: readonly LedgerRecord[];
  /** Up to the last record that is extended into the births' register: bytes, and their SHA-256 in hexadecimal. */
  readonly vouched: Accepted["ledger"];
  /** Bytes up to the last but one of these records. */
  readonly before: number;
}

export interface ProvenFacts {
  /** The fact of this name about these bytes. All that it depends on must be among them. */
  recall(name: FactName, ...about: readonly Uint8Array[]): Fact;
  /** What this ledger leads to, or, for the very same bytes, led to before. Left out: it is replayed each time. */
  replayed?(file: Uint8Array, replay: () => ReplayedLedger): ReplayedLedger;
  /** Lists of IMA that were proven. Left out: each is replayed from its beginning. */
  readonly imaLists?: ProvenImaLists | undefined;
}

/** Each list of a boot begins with all bytes of the one before. */
export interface ProvenImaLists {
  /** The end of a list that was kept and whose very bytes this one begins with. */
  endWithin(list: Uint8Array): ImaEnd | undefined;
  keep(list: Uint8Array, end: ImaEnd): void;
}

/** Everything is proven anew. */
export const nothingProven: ProvenFacts = { recall: () => ({ isProven: false, keep: () => {} }) };
