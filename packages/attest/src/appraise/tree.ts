/** The canisters under a quote: each once, at its place, and none left out that the verifier asked about. */
import { type CanisterBody, type CanisterEvidence, type EvidenceReading, leadsTo, leafOf } from "../evidence/index.ts";
import { equal } from "../cbor/index.ts";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { isProofOf, nameBy } from "../register/index.ts";
import { broken, incomplete } from "./findings.ts";
import type { LedgerFacts } from "./ledger.ts";
import type { NodeFacts } from "./node.ts";
import { nothingProven, type ProvenFacts } from "./proven.ts";
import type { Question } from "./question.ts";

export interface ProvenCanister {
  readonly body: CanisterBody;
  readonly evidence: CanisterEvidence;
  /** What the ledger calls its label; undefined without a ledger or a proof. */
  readonly name: Uint8Array | undefined;
}

/** The bodies that the quote covers. Refuses evidence in which one has no path, stands twice, or is left out. */
export async function provenCanisters(
  reading: EvidenceReading,
  node: NodeFacts,
  required: readonly string[],
  { about, breathe, proven: facts = nothingProven }: Question,
): Promise<readonly ProvenCanister[]> {
  const { tree, canisters } = reading.evidence;
  if (tree.size !== node.body.canisters)
    throw broken(
      `${node.body.canisters} canisters, as the node says`,
      `a tree of ${tree.size}`,
      "ask for new evidence",
    );
  const proven: ProvenCanister[] = [];
  for (const evidence of canisters) {
    const pause = breathe?.();
    if (pause !== undefined) await pause;
    const { body, index, path } = evidence;
    if (!leadsTo(tree.root, { leaf: leafOf(body), index, size: tree.size, path }))
      throw broken(
        `a path from canister ${index} to the root`,
        "one that leads elsewhere",
        "the body was changed or moved: ask again",
      );
    const told = reading.canister(body);
    proven.push({ body: told, evidence, name: await nameIn(evidence, told, node.ledger, facts) });
  }
  const labels = new Set<string>();
  for (const [at, { body, evidence }] of proven.entries()) {
    const before = proven[at - 1];
    if (before !== undefined && before.evidence.index >= evidence.index)
      throw broken("canisters ascending by their place", "another order, or one twice", "ask for new evidence");
    if (labels.size === labels.add(body.label).size)
      throw broken(
        "one canister of each label",
        `two of ${JSON.stringify(body.label)}`,
        "distrust the node: it counts one twice",
      );
  }
  assertPresent(labels, about === undefined ? tree.size : 0, [...required, ...(about ?? [])]);
  if (node.ledger !== undefined) assertNoneHidden(proven, node.ledger, about);
  return proven;
}

/** The name of its label in the ledger. A proof of another label, or under another key, is refused. */
async function nameIn(
  { name: proof }: CanisterEvidence,
  { label }: CanisterBody,
  ledger: LedgerFacts | undefined,
  facts: ProvenFacts,
): Promise<Uint8Array | undefined> {
  if (proof === undefined || ledger === undefined) return undefined;
  const { names } = ledger.ledger.begin;
  const fact = facts.recall("label", utf8ToBytes(label), proof, names);
  if (!fact.isProven && !(await isProofOf(label, proof, names)))
    throw broken(
      `a proof of the label ${JSON.stringify(label)} by the key of the ledger`,
      "another",
      "ask for new evidence",
    );
  fact.keep();
  return nameBy(proof);
}

function assertPresent(told: ReadonlySet<string>, size: number, labels: readonly string[]): void {
  if (told.size < size)
    throw incomplete(
      `all ${size} canisters`,
      `${told.size}`,
      "ask for the whole evidence, or for the ones that you mean",
    );
  const missing = labels.find((label) => !told.has(label));
  if (missing !== undefined)
    throw incomplete(
      `a canister ${JSON.stringify(missing)}`,
      "none of that label",
      "find out why it does not run, or is not told of",
    );
}

/**
 * A namespace that was born, and of which no end is recorded, must be told of: its supervisor may hide it, or another run of the same label
 * be shown in its place. That its supervisor was lost is not enough: a run that is not closed whole may go on.
 */
function assertNoneHidden(
  proven: readonly ProvenCanister[],
  { ledger }: LedgerFacts,
  about: readonly string[] | undefined,
): void {
  const told = new Set(proven.map(({ body }) => body.register?.birth));
  const asked = about && proven.filter(({ body }) => about.includes(body.label));
  const unnamed = asked?.find(({ name }) => name === undefined);
  if (unnamed !== undefined)
    throw incomplete(
      `a proof of the label ${JSON.stringify(unnamed.body.label)}, by which its births are found`,
      "none",
      "ask the node for new evidence",
    );
  for (const [sequence, { birth, end }] of ledger.namespaces) {
    if (end !== undefined || told.has(sequence)) continue;
    const own = asked?.find(({ name }) => name !== undefined && equal(name, birth.name));
    if (asked === undefined || own !== undefined)
      throw incomplete(
        `what became of ${own ? JSON.stringify(own.body.label) : "the namespace"} born in record ${sequence} of the ledger`,
        "neither its end nor its body",
        "its supervisor was killed, or hides it: ask for new evidence, and boot the node if that says the same",
      );
  }
}
