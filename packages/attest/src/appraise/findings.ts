/** What an appraisal found: one line for each check, in the order in which they were made. */
import { bytesToHex } from "@noble/hashes/utils.js";
import { AttestError, type AttestErrorCode } from "../error.ts";

/** Every check, in order, and what it asks. */
export const checks = {
  format: "is it evidence, in its one encoding?",
  freshness: "does it answer the challenge of this verifier?",
  policy: "is the policy, with its reference values, one that this verifier accepts?",
  chain: "is the node enrolled, by this key: one that is restricted and bound to its TPM, or that its machine reports?",
  quote: "did that key sign exactly the registers that were asked for, and this statement?",
  machine: "does a report of a confidential machine that the policy accepts stand behind this statement?",
  counters: "did the TPM's clock and counters go forward since the last accepted evidence?",
  "boot-log": "does the log of measured boot lead to the quoted registers?",
  "ima-list": "does a prefix of the kernel's list lead to the quoted register?",
  ledger: "does the ledger lead to the births' register, and go on from the last accepted one?",
  boot: "did the node boot what the reference values say?",
  software: "are build, sensors, kernel and mitigations those that the policy accepts?",
  "node-clock": "is the node's clock right?",
  "node-losses": "was everything on the node observed and collected?",
  tree: "is each canister under the quote once, and none left out?",
  rules: "does the policy accept this label, mode and sensor?",
  contour: "is the contour known, and signed by a trusted key?",
  state: "is the state in force that of the published contour?",
  bound: "is the bound state that of the contour, this node and this challenge?",
  register: "does the TPM vouch for the canister's records in the ledger?",
  record: "does the body say what the records in the ledger say?",
  progress: "do measurement and counters go on from the last accepted evidence?",
  losses: "was everything that the canister did observed?",
  trust: "is every process trusted, and everything on contour?",
} as const;

export type CheckName = keyof typeof checks;

/** Why evidence is not affirmed. */
export const failureClasses = [
  "broken-evidence",
  "stale",
  "rollback",
  "equivocation",
  "incomplete",
  "untrusted-platform",
  "unknown-contour",
  "off-contour",
  "unreachable",
] as const;

export type FailureClass = (typeof failureClasses)[number];

/** `affirming` · `contraindicated`: something bad is proven · `unverifiable`: nothing is proven. */
export type Status = "affirming" | "contraindicated" | "unverifiable";

export interface Check {
  readonly name: CheckName;
  readonly outcome: "passed" | "warned" | "failed";
  /** Only of a failed one. */
  readonly failure?: FailureClass;
  /** One line: expected, came, what to do. Only of one that did not pass. */
  readonly why?: string;
}

const classes: Readonly<Partial<Record<AttestErrorCode, FailureClass>>> = {
  "stale-evidence": "stale",
  "rolled-back": "rollback",
  equivocation: "equivocation",
  "incomplete-evidence": "incomplete",
  "untrusted-platform": "untrusted-platform",
  "untrusted-endorsement": "untrusted-platform",
  "untrusted-tee": "untrusted-platform",
  "unknown-contour": "unknown-contour",
  "off-contour": "off-contour",
};

const unproven: ReadonlySet<FailureClass> = new Set(["broken-evidence", "stale", "incomplete", "unreachable"]);

/** The checks of one subject: of the node, or of one canister. */
export class Findings {
  readonly checks: Check[] = [];

  /** Makes a check; returns what it gives, or undefined where it fails. */
  async make<T>(name: CheckName, work: (warn: (why: string) => void) => T | Promise<T>): Promise<T | undefined> {
    const warnings: string[] = [];
    try {
      const result = await work((why) => warnings.push(why));
      this.checks.push(
        warnings.length === 0 ? { name, outcome: "passed" } : { name, outcome: "warned", why: warnings.join("; ") },
      );
      return result;
    } catch (fault) {
      if (!(fault instanceof AttestError)) throw fault;
      this.checks.push({
        name,
        outcome: "failed",
        failure: classes[fault.code] ?? "broken-evidence",
        why: fault.message,
      });
      return undefined;
    }
  }

  /** Whether a check failed. */
  get failed(): boolean {
    return this.checks.some(({ outcome }) => outcome === "failed");
  }

  /** What is bad outweighs what is not proven; what is not proven outweighs what is right. */
  get status(): Status {
    const failures = this.checks.map(({ failure }) => failure).filter((failure) => failure !== undefined);
    if (failures.some((failure) => !unproven.has(failure))) return "contraindicated";
    return failures.length > 0 ? "unverifiable" : "affirming";
  }
}

/** The worst of several. */
export function worst(statuses: readonly Status[]): Status {
  if (statuses.includes("contraindicated")) return "contraindicated";
  return statuses.includes("unverifiable") ? "unverifiable" : "affirming";
}

type Refusal = (expected: string, got: string, next: string) => AttestError;
const refusal =
  (code: AttestErrorCode): Refusal =>
  (expected, got, next) =>
    new AttestError(code, `expected ${expected}, got ${got}; ${next}`);

/** Refusals by class, each with what was expected, what came, and what to do. */
export const broken = refusal("broken-evidence");
export const stale = refusal("stale-evidence");
export const rolledBack = refusal("rolled-back");
export const equivocates = refusal("equivocation");
export const incomplete = refusal("incomplete-evidence");
export const untrustedPlatform = refusal("untrusted-platform");
export const unknownContour = refusal("unknown-contour");
export const offContour = refusal("off-contour");

/** The first digits of a digest, for a line that people read. */
export const short = (digest: Uint8Array | undefined): string =>
  digest === undefined ? "none" : `${bytesToHex(digest).slice(0, 16)}…`;
