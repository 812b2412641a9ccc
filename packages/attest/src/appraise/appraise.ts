/**
 * The appraisal of evidence: freshness before anything else, then what each later check rests on, in order. Pure: the same bytes give
 * the same result, wherever it runs.
 */
import { equal } from "../cbor/index.ts";
import { EvidenceReading } from "../evidence/index.ts";
import { type Accepted, othersAmong } from "./accepted.ts";
import { acceptedCanister, appraiseCanister } from "./canister.ts";
import { type Check, Findings, stale, type Status, worst } from "./findings.ts";
import { appraiseNode, type NodeFacts } from "./node.ts";
import { type Ending, type Past, pastIn, strangersIn } from "./past.ts";
import { assertNoOlder, type Policy, type Root } from "./policy.ts";
import { Published } from "./published.ts";
import type { Question } from "./question.ts";
import { type AppraisalRules, readRules } from "./rules.ts";
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
  /** Canisters that are there no more, and departed or lost something that no evidence told of. */
  readonly endings: readonly Ending[];
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
  const reading = EvidenceReading.of(question.evidence);
  const { rules, node } = await appraisePlatform(reading, question, findings);
  const { canisters, past } =
    node === undefined || rules === undefined
      ? { canisters: [], past: NO_PAST }
      : await appraiseCanisters(reading, rules, node, question, findings);
  const platform = { status: findings.status, checks: findings.checks };
  return {
    status: worst([platform.status, ...canisters.map(({ status }) => status)]),
    root: rootOf(node),
    node: node?.body.node,
    platform,
    canisters: canisters.map(({ proven: _proven, ...canister }) => canister),
    endings: past.endings,
    challenge: question.challenge,
    evidenceDigest: reading.digest,
    policy: rules && {
      name: rules.policy.name,
      version: rules.policy.version,
      digest: rules.digest,
      validity: rules.policy.validity,
    },
    accepted:
      platform.status === "affirming" && node && rules
        ? acceptedOf(node, rules.policy, canisters, past, question)
        : undefined,
  };
}

const NO_PAST: Past = { endings: [], said: [] };

function rootOf(node: NodeFacts | undefined): Root {
  const roots = [node?.proven && "tpm", node?.machine && "tee"].filter((one) => one !== undefined);
  return roots.length === 0 ? "none" : (roots.join("+") as Root);
}

interface Found {
  readonly rules?: AppraisalRules | undefined;
  readonly node?: NodeFacts | undefined;
}

async function appraisePlatform(reading: EvidenceReading, question: Question, findings: Findings): Promise<Found> {
  const evidence = await findings.make("format", () => reading.evidence);
  if (evidence === undefined) return {};
  const isFresh = await findings.make("freshness", () => assertFresh(evidence, question));
  if (isFresh === undefined) return {};
  const rules = await findings.make("policy", async (warn) => {
    const { policySigners } = question.trust;
    if (policySigners.length === 0) warn("no signer of policies is trusted: the file counts as it is");
    const read = await (question.readRules ?? readRules)(question.policy, question.references, policySigners);
    assertNoOlder(read.policy, question.last?.policy);
    return read;
  });
  if (rules === undefined) return {};
  const node = await appraiseNode(reading, question, rules.policy, rules.references, findings);
  return { rules, node };
}

function assertFresh({ challenge }: EvidenceReading["evidence"], { challenge: asked }: Question): true {
  if (!equal(challenge, asked))
    throw stale(
      "an answer to the challenge of this verifier",
      "an answer to another",
      "ask again with a new challenge",
    );
  return true;
}

async function appraiseCanisters(
  reading: EvidenceReading,
  { policy, references }: AppraisalRules,
  node: NodeFacts,
  question: Question,
  findings: Findings,
) {
  const { evidence } = reading;
  const proven = await findings.make("tree", async (warn) => {
    const told = await provenCanisters(reading, node, policy.required, question);
    if (question.about === undefined) warnOfStrangers(told, node, question, warn);
    return told;
  });
  const published = await Published.of(question.trust, references);
  const appraised: (AppraisedCanister & { readonly proven: ProvenCanister })[] = [];
  for (const canister of proven ?? []) {
    const pause = question.breathe?.();
    if (pause !== undefined) await pause;
    const own = new Findings();
    const { body } = canister;
    await appraiseCanister(canister, evidence, node, question, policy, published, own);
    const alone = node.machine === undefined ? "node" : "tee";
    const root = body.register !== undefined && node.ledger !== undefined ? "tpm" : alone;
    appraised.push({ label: body.label, root, status: own.status, checks: own.checks, proven: canister });
  }
  return { canisters: appraised, past: proven === undefined ? NO_PAST : pastIn(node, proven, policy, question) };
}

/** The ledger has only the name of such a run, by which no verifier that was not told of it finds its label. */
function warnOfStrangers(
  told: readonly ProvenCanister[],
  node: NodeFacts,
  { last }: Question,
  warn: (why: string) => void,
): void {
  const [first, ...more] = strangersIn(node, told, last);
  if (first !== undefined)
    warn(
      `${more.length + 1} namespaces of labels that no accepted evidence told of departed or lost something, and ended ` +
        `(the first was born in record ${first.birth} of the ledger): see the reports of such runs on the node`,
    );
}

function acceptedOf(
  node: NodeFacts,
  { name, version }: Policy,
  canisters: readonly { readonly checks: readonly Check[]; readonly proven: ProvenCanister }[],
  { said }: Past,
  { last }: Question,
): Accepted | undefined {
  const { proven, ledger, machine } = node;
  if (proven === undefined && machine === undefined) return undefined;
  const told = canisters.flatMap(
    ({ checks, proven: canister }) => acceptedCanister(canister, node, checks, last?.canisters) ?? [],
  );
  // What was only written is said again once it is extended.
  const now = [...(ledger?.isExtended === false ? [] : said), ...told];
  const isSameBoot = last?.clock?.resetCount === proven?.clock.resetCount;
  return {
    clock: proven?.clock,
    policy: { name, version },
    ledger: ledger?.vouched,
    canisters: [...(isSameBoot ? othersAmong(last?.canisters ?? [], now) : []), ...now],
  };
}
