/**
 * The integrity view of a canister (docs/ima.md): by the host's rule for the image, or by annotations.
 *
 *   ima: { policy: web.ima, keys: [vendor.der], appraise: enforce }       in the host's configuration
 *   dev.isoline.ima-policy, .ima-keys (with `:` between them), .ima-appraise
 *
 * Lists and audit records are written beside the report of the contour's last run.
 */
import { mkdirSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { DEFAULT_ALGORITHM, DEFAULT_TEMPLATE, type IntegrityPlan } from "../integrity/plan.ts";
import type { AppraiseMode } from "../integrity/view.ts";
import { CliError } from "../error.ts";

export const appraiseModes = ["enforce", "log", "fix"] as const;

export interface CanisterIma {
  /** A file, or names of built-in policies with `|` between them. */
  readonly policy: string;
  readonly keys: readonly string[];
  readonly appraise: AppraiseMode;
}

export interface ImaAnnotations {
  readonly "ima-policy"?: string;
  readonly "ima-keys"?: string;
  readonly "ima-appraise"?: string;
}

const BUILT_IN = /^[a-z_]+(?:\|[a-z_]+)*$/;

/** From annotations; undefined if there are none. A user who starts containers must not be able to have files of the host changed. */
export function imaOf(said: ImaAnnotations): CanisterIma | undefined {
  const { "ima-policy": policy, "ima-keys": keys, "ima-appraise": appraise = "enforce" } = said;
  if (policy === undefined) {
    if (keys === undefined && said["ima-appraise"] === undefined) return undefined;
    throw wrong("ima-policy", "a policy for the keys and the mode", "none");
  }
  if (!isAbsolute(policy) && !isBuiltIn(policy))
    throw wrong("ima-policy", "an absolute path or built-in names", policy);
  const files = keys?.split(":") ?? [];
  const relative = files.find((file) => !isAbsolute(file));
  if (relative !== undefined) throw wrong("ima-keys", "absolute paths", relative);
  if (appraise !== "enforce" && appraise !== "log") throw wrong("ima-appraise", "enforce or log", appraise);
  return { policy, keys: files, appraise };
}

export function isBuiltIn(policy: string): boolean {
  return BUILT_IN.test(policy);
}

/** `place` is the directory of lists and records. */
export function integrityPlanOf({ policy, keys, appraise }: CanisterIma, place: string): IntegrityPlan {
  mkdirSync(place, { recursive: true, mode: 0o755 });
  return {
    policy,
    keys,
    mode: appraise,
    lists: place,
    audit: join(place, "audit.jsonl"),
    template: DEFAULT_TEMPLATE,
    algorithm: DEFAULT_ALGORITHM,
  };
}

function wrong(key: string, expected: string, got: string): CliError {
  return new CliError(
    "bad-label",
    `dev.isoline.${key}: expected ${expected}, got ${JSON.stringify(got.slice(0, 120))}; correct or remove it`,
  );
}
