/**
 * The appraisal of evidence: freshness before anything else, then what each later check rests on, in order. Pure: the same bytes give
 * the same result, wherever it runs.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { equal } from "../cbor/index.ts";
import { type Evidence, readEvidence } from "../evidence/index.ts";
import { type Accepted } from "./accepted.ts";
import { acceptedCanister, appraiseCanister } from "./canister.ts";
import { type Check, Findings, stale, type Status, worst } from "./findings.ts";
import { appraiseNode, type NodeFacts } from "./node.ts";
import { assertNoOlder, type Policy, readPolicy, type Root } from "./policy.ts";
import type { Question } from "./question.ts";
import { joined, type References, readReferences } from "./references.ts";
import { type ProvenCanister, provenCanisters } from "./tree.ts";

export interface Appraised {
  readonly status: Status;
  readonly checks: readonly Check[];
}

export interface AppraisedCanister extends Appraised {
  readonly label: string;
  /** What vouches for its past: a register of the TPM, the confidential machine, or the node alone. */
  readonly root: "tpm" | "tee" | "node";
}

export interface Appraisal {
  /** The worst of all. */
  readonly status: Status;
  /** What the node's statements rest on. */
  readonly root: Root;
  /** The id that the node gives itself; undefined where it cannot be read. */
  readonly node: string | undefined;
  /** The checks of the evidence as a whole and of the node. */
  readonly platform: Appraised;
  /** None where the node failed: nothing that it says counts then. */
  readonly canisters: readonly AppraisedCanister[];
  readonly challenge: Uint8Array;
  /** SHA-256 of the evidence, in hexadecimal. */
  readonly evidenceDigest: string;
  /** Undefined where the policy cannot be read. */
  readonly policy:
    | { readonly name: string; readonly version: number; readonly digest: string; readonly validity: number }
    | undefined;
  /** To be kept for the next appraisal of this node; only of evidence whose node was not refused. */
  readonly accepted: Accepted | undefined;
}

export async function appraise(question: Question): Promise<Appraisal> {
  const findings = new Findings();
  const found = await appraisePlatform(question, findings);
  const canisters =
    found.node === undefined || found.evidence === undefined
      ? []
      : await appraiseCanisters(found as Whole, question, findings);
  const platform = { status: findings.status, checks: findings.checks };
  const { policy, node, evidence } = found;
  return {
    status: worst([platform.status, ...canisters.map(({ status }) => status)]),
    root: rootOf(node),
    node: node?.body.node,
    platform,
    canisters: canisters.map(({ proven: _proven, ...canister }) => canister),
    challenge: question.challenge,
    evidenceDigest: bytesToHex(sha256(question.evidence)),
    policy: policy && {
      name: policy.name,
      version: policy.version,
      digest: bytesToHex(sha256(question.policy)),
      validity: policy.validity,
    },
    accepted:
      platform.status === "affirming" && evidence && node && policy
        ? acceptedOf(node, policy, canisters, question)
        : undefined,
  };
}

function rootOf(node: NodeFacts | undefined): Root {
  const roots = [node?.proven && "tpm", node?.machine && "tee"].filter((one) => one !== undefined);
  return roots.length === 0 ? "none" : (roots.join("+") as Root);
}

interface Found {
  readonly evidence?: Evidence | undefined;
  readonly policy?: Policy | undefined;
  readonly references?: References | undefined;
  readonly node?: NodeFacts | undefined;
}
type Whole = { readonly [K in keyof Found]-?: NonNullable<Found[K]> };

async function appraisePlatform(question: Question, findings: Findings): Promise<Found> {
  const evidence = await findings.make("format", () => readEvidence(question.evidence));
  if (evidence === undefined) return {};
  const isFresh = await findings.make("freshness", () => assertFresh(evidence, question));
  if (isFresh === undefined) return { evidence };
  const rules = await findings.make("policy", async (warn) => {
    const { policySigners } = question.trust;
    if (policySigners.length === 0) warn("no signer of policies is trusted: the file counts as it is");
    const policy = await readPolicy(question.policy, policySigners);
    assertNoOlder(policy, question.last?.policy);
    const all: References[] = [];
    for (const file of question.references) all.push(await readReferences(file, policySigners));
    return { policy, references: joined(all) };
  });
  if (rules === undefined) return { evidence };
  const node = await appraiseNode(evidence, question, rules.policy, rules.references, findings);
  return { evidence, ...rules, node };
}

function assertFresh({ challenge }: Evidence, { challenge: asked }: Question): true {
  if (!equal(challenge, asked))
    throw stale(
      "an answer to the challenge of this verifier",
      "an answer to another",
      "ask again with a new challenge",
    );
  return true;
}

async function appraiseCanisters(
  { evidence, policy, references, node }: Whole,
  question: Question,
  findings: Findings,
) {
  const proven = await findings.make("tree", () => provenCanisters(evidence, node, policy.required, question.about));
  const appraised: (AppraisedCanister & { readonly proven: ProvenCanister })[] = [];
  for (const canister of proven ?? []) {
    const own = new Findings();
    const { body } = canister;
    await appraiseCanister(canister, evidence, node, question, policy, references, own);
    const alone = node.machine === undefined ? "node" : "tee";
    const root = body.register !== undefined && node.ledger !== undefined ? "tpm" : alone;
    appraised.push({ label: body.label, root, status: own.status, checks: own.checks, proven: canister });
  }
  return appraised;
}

function acceptedOf(
  { proven, ledger, machine }: NodeFacts,
  { name, version }: Policy,
  canisters: readonly { readonly proven: ProvenCanister }[],
  { last }: Question,
): Accepted | undefined {
  if (proven === undefined && machine === undefined) return undefined;
  const now = canisters.map(({ proven: { body } }) => acceptedCanister(body));
  // Of canisters that this evidence is not about, what was accepted still counts.
  const others = (last?.canisters ?? []).filter(({ label }) => !now.some((one) => one.label === label));
  return {
    clock: proven?.clock,
    policy: { name, version },
    ledger: ledger && { bytes: ledger.bytes, digest: ledger.digest },
    canisters: [...others, ...now],
  };
}
