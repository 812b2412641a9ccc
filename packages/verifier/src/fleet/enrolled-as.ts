/** What a node was enrolled by: the attestation key in its TPM, or a key that a report of its confidential machine named. */
import type { MachineTrust, Trust } from "@isoline/attest/appraise";
import { type EnrolledMachine, type EnrolledNode, isMachine, readMachine, readNode } from "@isoline/attest/enrol";

export type EnrolledAs =
  | ({ readonly is: "tpm" } & Pick<EnrolledNode, "id" | "attestationKey">)
  | ({ readonly is: "tee" } & Pick<EnrolledMachine, "id" | "key" | "machine">);

/** The document of a node's row. */
export function enrolledAs(document: string): EnrolledAs {
  const bytes = Buffer.from(document);
  return isMachine(bytes) ? { is: "tee", ...readMachine(bytes) } : { is: "tpm", ...readNode(bytes) };
}

/**
 * What an appraisal of this node may rest on: the one key that it was enrolled by, and by no other way than that one. So a node with a TPM
 * cannot leave its quote out, and one without cannot bring the quote of another.
 */
export function trustIn(enrolled: EnrolledAs, machines: MachineTrust | undefined): Pick<Trust, "nodes" | "machines"> {
  const isMachineNode = enrolled.is === "tee";
  return {
    nodes: isMachineNode ? [] : [enrolled],
    machines: machines && { ...machines, nodes: isMachineNode ? [enrolled] : [] },
  };
}
