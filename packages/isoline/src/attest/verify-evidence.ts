/** Evidence, appraised by what a trust directory and a policy say. Offline: nothing is fetched, and no node is asked. */
import { type Appraisal, appraise } from "@isoline/attest/appraise";
import { readEvidence, readNodeBody } from "@isoline/attest/evidence";
import { AttestError } from "@isoline/attest/error";
import { alone, keepAccepted, readLast } from "./trust/accepted.ts";
import { TrustDirectory } from "./trust/directory.ts";
import { readMachineNodes, readMachineTrust } from "./trust/machines.ts";
import { type NamedNode, readNodes } from "./trust/nodes.ts";
import { readSigners } from "./trust/signers.ts";

/** What a verifier brings to an appraisal. */
export interface VerificationOrder {
  readonly evidence: Uint8Array;
  /** The 32 bytes that this verifier sent. */
  readonly challenge: Uint8Array;
  /** The directory with what this verifier trusts. */
  readonly trust: string;
  /** The file of the policy, in an envelope with signatures where a signer is trusted. */
  readonly policy: Uint8Array;
  /** The name of the node that was asked; any enrolled one if left out. */
  readonly node?: string | undefined;
  /** Labels that the evidence is to be about; every canister of the node if left out. */
  readonly about?: readonly string[] | undefined;
  readonly now: Date;
}

/** The result of an appraisal: `status`, and every check of the node and of each canister. */
export interface Verification extends Appraisal {
  /** What the node was enrolled as; undefined if it was not. */
  readonly name: string | undefined;
}

/**
 * Appraises evidence. What is accepted of it is kept before this returns, so that nothing older is accepted afterwards.
 *
 * @example
 * import { mkdirSync } from "node:fs";
 * import { attest } from "isoline";
 *
 * mkdirSync("trust");
 * const challenge = attest.challenge();
 * const evidence = await attest.evidence({ challenge });
 * const policy = Buffer.from(JSON.stringify({ policy: 1, name: "mine", version: 1, canisters: [] }));
 * const { status, root } = await attest.verify({ evidence, challenge, trust: "trust", policy, now: new Date() });
 * console.log(status, root);
 * // prints: contraindicated none
 */
export async function verifyEvidence(order: VerificationOrder): Promise<Verification> {
  const trust = TrustDirectory.open(order.trust);
  const nodes = readNodes(trust);
  const machineNodes = readMachineNodes(trust);
  const all = [...nodes, ...machineNodes];
  const claim = nodeClaimedIn(order.evidence);
  const claimed = all.find(({ id }) => id === claim);
  return alone(trust, async () => {
    const appraisal = await appraise({
      evidence: order.evidence,
      challenge: order.challenge,
      trust: {
        nodes,
        contourSigners: readSigners(trust, "contour-signers"),
        policySigners: readSigners(trust, "policy-signers"),
        contours: contoursIn(trust),
        machines: await readMachineTrust(trust, machineNodes),
      },
      policy: order.policy,
      references: trust.files("references").map(({ bytes }) => bytes),
      last: readLast(trust, claimed?.id),
      now: order.now,
      node: nodeNamed(all, order.node)?.id,
      about: order.about,
    });
    if (appraisal.accepted !== undefined && claimed !== undefined) keepAccepted(trust, claimed.id, appraisal.accepted);
    return { ...appraisal, name: claimed?.name };
  });
}

/** The id that evidence claims to be of. Nothing rests on it but which last evidence it is compared with. */
function nodeClaimedIn(evidence: Uint8Array): string | undefined {
  try {
    return readNodeBody(readEvidence(evidence).node).node;
  } catch (fault) {
    if (fault instanceof AttestError) return undefined;
    throw fault;
  }
}

type Named = Pick<NamedNode, "name" | "id">;

function nodeNamed(nodes: readonly Named[], name: string | undefined): Named | undefined {
  if (name === undefined) return undefined;
  const node = nodes.find((each) => each.name === name);
  if (node !== undefined) return node;
  throw new AttestError(
    "untrusted-platform",
    `expected a node that is enrolled, got ${JSON.stringify(name.slice(0, 60))}; enrolled are: ${nodes.map((each) => each.name).join(", ") || "none"}`,
  );
}

const contoursIn = (trust: TrustDirectory): readonly Uint8Array[] =>
  trust
    .files("contours")
    .filter(({ name }) => name.endsWith(".contour"))
    .map(({ bytes }) => bytes);
