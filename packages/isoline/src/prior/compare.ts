/** A prior beside what was learnt: which of its rules some act confirms, and which acts no rule permits. */
import { plainPath, wildcards } from "../export/pattern.ts";
import type { FilePermit, Permits } from "../export/permits.ts";
import type { FileRule, NetworkRule, Prior, Rule } from "./rule.ts";

export interface Comparison {
  /** Rules that at least one act of the contour needs. */
  readonly confirmed: readonly Rule[];
  /** Rules that no act needs: what learning removes. */
  readonly unseen: readonly Rule[];
  /** What the contour permits and no rule does, one line each. */
  readonly lacking: readonly string[];
}

export function comparePrior({ rules }: Prior, permits: Permits): Comparison {
  const confirmed = new Set<Rule>();
  const lacking: string[] = [];
  const files = rules.filter((rule): rule is FileRule => rule.kind === "file");
  for (const file of permits.files) {
    const missing = new Set(file.uses);
    for (const rule of files) {
      const shared = [...file.uses].filter((use) => rule.uses.has(use));
      if (shared.length === 0 || !isWithin(rule, file)) continue;
      confirmed.add(rule);
      for (const use of shared) missing.delete(use);
    }
    if (missing.size > 0) lacking.push(`${[...missing].join(", ")} ${wildcards(file.path, file.beyond)}`);
  }
  const sockets = rules.filter((rule): rule is NetworkRule => rule.kind === "network");
  for (const { family, type } of permits.sockets) {
    const permitting = sockets.filter((rule) => permitsSocket(rule, family, type));
    for (const rule of permitting) confirmed.add(rule);
    if (permitting.length === 0) lacking.push(`socket ${family} ${type}`);
  }
  return {
    confirmed: rules.filter((rule) => confirmed.has(rule)),
    unseen: rules.filter((rule) => !confirmed.has(rule)),
    lacking,
  };
}

/** A name that differs from run to run is tried with one that no profile lists. A directory may be written with its slash. */
function isWithin({ pattern }: FileRule, { path, beyond }: FilePermit): boolean {
  const plain = plainPath(path);
  if (plain === undefined) return false;
  const tried =
    beyond === 0
      ? plain
      : `${plain === "/" ? "" : plain}${"/isoline.any".repeat(Number.isFinite(beyond) ? beyond : 2)}`;
  return pattern.matches(tried) || pattern.matches(tried === "/" ? "/" : `${tried}/`);
}

function permitsSocket(rule: NetworkRule, family: string, type: string): boolean {
  return (rule.family === undefined || rule.family === family) && (rule.type === undefined || rule.type === type);
}
