/** The settings of a namespace's integrity view, as plain data. */
import type { Bank } from "./hash-algorithms.ts";
import type { AppraiseMode } from "./view.ts";

export interface IntegrityPlan {
  /** A policy file, or names of built-in policies with `|` between them; undefined if the control socket sets it. */
  readonly policy: string | undefined;
  /** Files of certificates or public keys. */
  readonly keys: readonly string[];
  readonly mode: AppraiseMode;
  /** A directory for the lists, with the kernel's file names, written at the end. */
  readonly lists: string | undefined;
  /** A file for audit records. */
  readonly audit: string | undefined;
  /** Template of rules that name none. */
  readonly template: string;
  /** Algorithm of measurements, if a file's attribute names no other. */
  readonly algorithm: Bank;
}

/** The defaults of a kernel with Debian's configuration. */
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
