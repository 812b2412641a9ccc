/**
 * Proof by a report of a confidential machine, outside of evidence: for an enrolment, and for an SVID. The policy of the node says which
 * machines count, as it does for evidence.
 */
import { type MachineRules, type MachineTrust, provenMachine } from "@isoline/attest/appraise";
import { type MachineReport, reportDataOf } from "@isoline/attest/enrol";
import { machineName } from "@isoline/attest/tee";
import { VerifierError } from "../error.ts";
import type { Rules } from "./rules.ts";

/** By what the policy of a node is found. */
export interface PolicyOf {
  readonly tenant: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a node shows: a report, and what it is about. */
export interface ReportShown {
  readonly report: MachineReport;
  /** What the report has to be about; it holds a challenge of this verifier. */
  readonly statement: Uint8Array;
  /** SubjectPublicKeyInfo of the node's key, in DER. */
  readonly key: Uint8Array;
}

/** The rules for machines that a node's policy has. Refuses with `not-allowed` where no policy accepts this node without a TPM. */
export async function machineRulesOf(node: PolicyOf, rules: Rules): Promise<MachineRules> {
  const { policy: row, references, read } = await rules.forNode(node, []);
  if (row === undefined) throw unaccepted("no policy for it");
  const { policy } = await read(row.file, references, rules.trusted.policySigners);
  if (policy.root !== "tee" || policy.machines === undefined)
    throw unaccepted(`${JSON.stringify(policy.name)} with root ${JSON.stringify(policy.root)}`);
  return policy.machines;
}

/**
 * The name of the machine whose report this is. Throws what `@isoline/attest/tee` refuses a report with, and `not-allowed` where no maker
 * is trusted.
 */
export async function machineShown(
  { report, statement, key }: ReportShown,
  node: PolicyOf,
  rules: Rules,
  now: Date,
): Promise<string> {
  const machines = makersOf(rules);
  const data = await reportDataOf(statement, key);
  return machineName(await provenMachine(report, data, await machineRulesOf(node, rules), machines, now));
}

/** The makers of confidential machines that this verifier trusts. Refuses with `not-allowed` where there are none. */
export function makersOf({ trusted: { machines } }: Rules): MachineTrust {
  if (machines !== undefined) return machines;
  throw new VerifierError(
    "not-allowed",
    "expected makers of confidential machines in tee-makers/ of this verifier, got none; its operator may put them there",
  );
}

const unaccepted = (got: string) =>
  new VerifierError(
    "not-allowed",
    `expected a policy for this node with root "tee", got ${got}; publish one, or enrol the node by its TPM`,
  );
