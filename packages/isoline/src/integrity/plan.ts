/** What the integrity view of a namespace is to do, as plain data. */
import type { Bank } from "./hash-algorithms.ts";
import type { AppraiseMode } from "./view.ts";

export interface IntegrityPlan {
  /** A policy file, or built-in names with `|` between them; undefined leaves it to the control socket. */
  readonly policy: string | undefined;
  /** Files of certificates or public keys. */
  readonly keys: readonly string[];
  readonly mode: AppraiseMode;
  /** A directory for the lists, under the kernel's names, written at the end. */
  readonly lists: string | undefined;
  /** A file for audit records. */
  readonly audit: string | undefined;
  /** Template of rules that name none. */
  readonly template: string;
  /** Algorithm of measurements, where a file's attribute names no other. */
  readonly algorithm: Bank;
}

/** As a kernel with Debian's configuration. */
export const DEFAULT_TEMPLATE = "ima-sig";

export const DEFAULT_ALGORITHM = "sha256";

export const unasked: IntegrityPlan = {
  policy: undefined,
  keys: [],
  mode: "enforce",
  lists: undefined,
  audit: undefined,
  template: DEFAULT_TEMPLATE,
  algorithm: DEFAULT_ALGORITHM,
};
