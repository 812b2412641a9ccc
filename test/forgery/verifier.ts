/** A verifier that trusts one node: what it asks, and what it makes of an answer. */
import { type Appraisal, appraise, type Question } from "../../packages/attest/src/appraise/index.ts";
import { type Evidence, EvidenceReading, writeEvidence } from "../../packages/attest/src/evidence/index.ts";
import type { Node } from "./node.ts";
import { contour, digest, published } from "./published.ts";

const hex = (value: Uint8Array) => Buffer.from(value).toString("hex");

const NOW = new Date(1_790_000_000_000);

export const policy = (change: object = {}) =>
  Buffer.from(
    JSON.stringify({
      policy: 1,
      name: "test",
      version: 2,
      boots: ["good"],
      bootLog: "required",
      imaList: "required",
      builds: "referenced",
      programs: "referenced",
      canisters: [{ label: "*", bound: "required" }],
      ...change,
    }),
  );

export function questionFor(
  node: Node,
  challenge: Uint8Array,
  change: Partial<Question> = {},
): Omit<Question, "evidence"> {
  return {
    challenge,
    trust: {
      nodes: [{ id: node.id, attestationKey: node.key }],
      contourSigners: [],
      policySigners: [],
      contours: [contour],
    },
    policy: policy(),
    references: [references(node)],
    now: NOW,
    node: node.id,
    ...change,
  };
}

/** Reference values, with more published contours. */
export function references(node: Node, contours: readonly object[] = []): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      references: 1,
      contours: [{ name: "small", contour: digest, state: hex(published.state) }, ...contours],
      boots: [{ name: "good", registers: node.bootReference }],
      builds: [{ version: "0.1.0", digest: "01".repeat(32) }],
      programs: [{ name: "file_open", digest: "02".repeat(32) }],
    }),
  );
}

export async function judge(
  question: Omit<Question, "evidence">,
  evidence: Evidence | Question["evidence"],
): Promise<Appraisal> {
  const isWritten = evidence instanceof Uint8Array || evidence instanceof EvidenceReading;
  return appraise({ ...question, evidence: isWritten ? evidence : writeEvidence(evidence) });
}

/** What an appraisal comes to, in one line: the status, then each check that failed. */
export function verdict({ status, platform, canisters }: Appraisal): string {
  const failed = [platform, ...canisters].flatMap(({ checks }) => checks.filter(({ outcome }) => outcome === "failed"));
  return [status, ...failed.map(({ name, failure }) => `${name}: ${failure}`)].join(", ");
}
