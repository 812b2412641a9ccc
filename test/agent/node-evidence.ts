/** Evidence of the node that a test's agent is on, and what a verifier makes of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Accepted, type Appraisal, appraise } from "../../packages/attest/src/appraise/index.ts";
import {
  type CanisterBody,
  type Evidence,
  type NodeBody,
  readCanisterBody,
  readEvidence,
  readNodeBody,
} from "../../packages/attest/src/evidence/index.ts";
import { attestationKey, decode, publicArea } from "../../packages/attest/src/tpm/index.ts";
import type { TestAgent } from "./agent.ts";

const CHALLENGE = "cd".repeat(32);

export interface NodeEvidence {
  readonly evidence: Evidence;
  readonly node: NodeBody;
  /** By label. */
  readonly bodies: ReadonlyMap<string, CanisterBody>;
  readonly bytes: Uint8Array;
  /** What the command said beside. */
  readonly said: string;
}

/** `root` says how it is rooted: `--no-tpm`, or `--tpm` and `--tpm-ledger` with their values. */
export async function evidenceOfNode(agent: TestAgent, root: readonly string[]): Promise<NodeEvidence> {
  const env = { ISOLINE_HOST_DIRECTORY: agent.directory };
  const words = ["attest", "evidence", ...root, "--challenge", CHALLENGE, "-o", "node.cbor"];
  const { status, stderr } = await agent.isoline(words, { env });
  if (status !== 0) throw new Error(`isoline attest evidence: ${stderr}`);
  const bytes = readFileSync(join(agent.directory, "node.cbor"));
  const evidence = readEvidence(bytes);
  const bodies = evidence.canisters.map(({ body }) => readCanisterBody(body));
  return {
    ...{ evidence, bytes, node: readNodeBody(evidence.node), said: stderr },
    bodies: new Map(bodies.map((body) => [body.label, body])),
  };
}

/** Appraises it as one who has enrolled the node, under a rule for every canister. `last` is what was accepted before. */
export function appraised(
  { evidence, node, bytes }: NodeEvidence,
  contour: Uint8Array,
  rule: object,
  last?: Accepted,
): Promise<Appraisal> {
  const { quote } = evidence;
  const policy = {
    ...{ policy: 1, name: "p", version: 1, root: quote === undefined ? "none" : "tpm", ledger: "if-there" },
    canisters: [{ label: "*", register: "if-there", ...rule }],
  };
  return appraise({
    evidence: bytes,
    challenge: Buffer.from(CHALLENGE, "hex"),
    trust: {
      nodes: [{ id: node.node, attestationKey: quote === undefined ? attestationKey : decode(publicArea, quote.key) }],
      ...{ contourSigners: [], policySigners: [], contours: [contour] },
    },
    policy: Buffer.from(JSON.stringify(policy)),
    references: [],
    now: new Date(),
    last,
  });
}

/** The checks that failed, each with its class and reason. */
export function failuresIn({ checks }: Pick<Appraisal["platform"], "checks">): readonly string[] {
  return checks.flatMap(({ name, outcome, failure, why }) =>
    outcome === "failed" ? [`${name}: ${failure}: ${why}`] : [],
  );
}
