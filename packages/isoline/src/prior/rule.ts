/** What a profile of another system permits: the part of it that a contour can confirm. */
import type { Use } from "../export/permits.ts";
import type { PathPattern } from "./path-pattern.ts";

export interface FileRule {
  readonly kind: "file";
  readonly pattern: PathPattern;
  readonly uses: ReadonlySet<Use>;
  /** The rule as the profile has it, for people. */
  readonly text: string;
}

/** A socket of a family, or of any; of a type, or of any. */
export interface NetworkRule {
  readonly kind: "network";
  readonly family: string | undefined;
  readonly type: string | undefined;
  readonly text: string;
}

export type Rule = FileRule | NetworkRule;

export interface Prior {
  readonly rules: readonly Rule[];
  /** Lines or entries that were not understood, or about which a contour says nothing. */
  readonly unread: readonly string[];
}
