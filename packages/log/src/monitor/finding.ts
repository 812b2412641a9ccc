/** What a monitor of a fleet's statements finds. */
import type { Statement } from "../statement/index.ts";

export const findingKinds = [
  "damaged-statement",
  "missing-statement",
  "second-source",
  "widened-contour",
  "unreviewed-contour",
  "two-contours",
  "birth-twice",
  "head-regressed",
  "head-forked",
  "unlogged-policy",
  "policy-regressed",
  "broken-succession",
  "epoch-regressed",
  "missing-root",
  "root-ahead",
  "two-roots",
] as const;
export type FindingKind = (typeof findingKinds)[number];

export interface Finding {
  readonly kind: FindingKind;
  /** The number of the entry that shows it. */
  readonly entry: number;
  /** One line: what, and what to do. */
  readonly why: string;
}

/** One thing that a monitor looks for. It is shown every statement in the order of the log. */
export interface Watch {
  see(entry: number, statement: Statement): readonly Finding[];
}

/** The node whose revocation ends here. A verifier forgets its past then: its TPM may have been cleared, and count from nothing. */
export const beginsAnew = (statement: Statement): string | undefined =>
  statement.kind === "change" &&
  statement.label === undefined &&
  statement.from === "revoked" &&
  statement.to === "unknown"
    ? statement.node
    : undefined;

/** The first digits of a digest, for people. */
export const short = (digest: string): string => `${digest.slice(0, 16)}…`;
