/** Putting evidence together: bodies first, then what the TPM signs about them. */
import { equal } from "../cbor/index.ts";
import { AttestError } from "../error.ts";
import { firstRecord } from "../register/index.ts";
import { type CanisterBody, readCanisterBody, writeCanisterBody } from "./canister-body.ts";
import { CHALLENGE_BYTES, type CanisterEvidence, type Evidence, qualifyingData } from "./evidence.ts";
import { type NodeBody, writeNodeBody } from "./node-body.ts";
import { leafOf, MOST_CANISTERS, Tree } from "./tree.ts";

/** Bodies in their final form, and the digest that a quote and each certificate must carry. */
export interface Statement {
  readonly challenge: Uint8Array;
  readonly node: Uint8Array;
  readonly tree: { readonly size: number; readonly root: Uint8Array };
  readonly canisters: readonly CanisterEvidence[];
  /** 32 bytes, for TPM2_Quote and TPM2_NV_Certify. */
  readonly qualifying: Uint8Array;
}

/** What vouches for a statement. */
export interface Proofs extends Pick<Evidence, "quote" | "registers" | "bootLog" | "imaList" | "ledger" | "reports"> {
  /** Proofs of labels under the key of the ledger, by label. */
  readonly names?: ReadonlyMap<string, Uint8Array>;
}

/** Makes the statement of a node about its canisters. A label that two of them have is refused. */
export function stateOf(
  challenge: Uint8Array,
  node: Omit<NodeBody, "type" | "canisters">,
  canisters: readonly Omit<CanisterBody, "type">[],
): Statement {
  if (challenge.length !== CHALLENGE_BYTES)
    throw unfit(`a challenge of ${CHALLENGE_BYTES} bytes`, `${challenge.length}`, "ask the verifier for another");
  if (canisters.length > MOST_CANISTERS)
    throw unfit(`at most ${MOST_CANISTERS} canisters`, `${canisters.length}`, "name those that it is to be about");
  const bodies = canisters
    .map((body) => ({ label: body.label, bytes: writeCanisterBody({ ...body, type: "isoline canister 1" }) }))
    .sort((one, other) => compareText(one.label, other.label));
  const twice = bodies.find(({ label }, index) => label === bodies[index + 1]?.label);
  if (twice) throw unfit("one canister of each label", `two of ${JSON.stringify(twice.label)}`, "end one of them");
  const tree = new Tree(bodies.map((body) => leafOf(body.bytes)));
  const nodeBytes = writeNodeBody({ ...node, type: "isoline node 1", canisters: bodies.length });
  return {
    challenge,
    node: nodeBytes,
    tree: { size: bodies.length, root: tree.root },
    canisters: bodies.map(({ bytes }, index) => ({ index, path: tree.path(index), body: bytes })),
    qualifying: qualifyingData(challenge, nodeBytes, tree.root),
  };
}

/** The statement with what vouches for it, as it is sent. */
export function evidenceOf({ challenge, node, tree, canisters }: Statement, { names, ...proofs }: Proofs): Evidence {
  const named = canisters.map((one) => {
    const name = names?.get(readCanisterBody(one.body).label);
    return name === undefined ? one : { ...one, name };
  });
  return { type: "isoline evidence 1", challenge, node, tree, canisters: named, ...proofs };
}

/** The evidence of one tenant: its canister, its register, that of the ledger, and nothing of its neighbours but digests. */
export function forTenant(whole: Evidence, label: string): Evidence {
  const own = whole.canisters.find(({ body }) => readCanisterBody(body).label === label);
  if (own === undefined)
    throw unfit(`a canister ${JSON.stringify(label)}`, "none of that label", "look at its evidence");
  const { register } = readCanisterBody(own.body);
  const names = [register?.name, whole.ledger && firstRecord(whole.ledger)?.register].filter(
    (one) => one !== undefined,
  );
  const isOwn = ({ name }: { name: Uint8Array }) => names.some((one) => equal(name, one));
  return { ...whole, canisters: [own], registers: whole.registers.filter(isOwn) };
}

/** By the bytes of their UTF-8, which is by code points. */
function compareText(one: string, other: string): number {
  const [left, right] = [[...one], [...other]];
  for (const [index, character] of left.entries()) {
    const [a, b] = [character.codePointAt(0) as number, right[index]?.codePointAt(0)];
    if (b === undefined) return 1;
    if (a !== b) return a - b;
  }
  return left.length - right.length;
}

function unfit(expected: string, got: string, next: string): AttestError {
  return new AttestError("bad-evidence-format", `evidence: expected ${expected}, got ${got}; ${next}`);
}
