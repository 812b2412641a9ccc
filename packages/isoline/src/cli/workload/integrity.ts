/** The `--ima-…` options of commands that run a workload. */
import type { Bank } from "../../integrity/hash-algorithms.ts";
import { isTemplateName } from "../../integrity/list/template.ts";
import { DEFAULT_ALGORITHM, DEFAULT_TEMPLATE, type IntegrityPlan } from "../../integrity/plan.ts";
import type { AppraiseMode } from "../../integrity/view.ts";
import { usage } from "../refusal.ts";

export interface IntegrityOptions {
  readonly imaPolicy?: string;
  readonly imaKey?: readonly string[];
  readonly imaAppraise?: AppraiseMode;
  readonly imaTemplate?: string;
  readonly imaHash?: Bank;
  readonly imaList?: string;
  readonly imaAudit?: string;
}

/** The view that the options request; undefined without any. */
export function integrityPlan(options: IntegrityOptions): IntegrityPlan | undefined {
  const { imaPolicy, imaKey, imaAppraise, imaTemplate, imaHash, imaList, imaAudit } = options;
  if ([imaPolicy, imaKey, imaAppraise, imaTemplate, imaHash, imaList, imaAudit].every((option) => option === undefined))
    return undefined;
  if (imaTemplate !== undefined && (!isTemplateName(imaTemplate) || imaTemplate === "ima-buf"))
    throw usage(
      `--ima-template ${imaTemplate}: expected a template of files: ima, ima-ng, ima-sig, ima-ngv2, ima-sigv2, ima-modsig, evm-sig`,
    );
  return {
    policy: imaPolicy,
    keys: imaKey ?? [],
    mode: imaAppraise ?? "enforce",
    lists: imaList,
    audit: imaAudit,
    template: imaTemplate ?? DEFAULT_TEMPLATE,
    algorithm: imaHash ?? DEFAULT_ALGORITHM,
  };
}
