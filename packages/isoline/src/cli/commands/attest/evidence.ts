/** `isoline attest evidence`: what this host says of its live namespaces, in one statement that its TPM signs. */
import { type Evidence, readNodeBody, writeEvidence } from "@isoline/attest/evidence";
import { makeEvidence } from "../../../attest/make-evidence.ts";
import { tpmAddress } from "../../../attest/using-tpm.ts";
import { writeDurably } from "../../../store/output.ts";
import { status } from "../../ending.ts";
import { note } from "../../output/streams.ts";
import { counted, harmless } from "../../output/wording.ts";
import { challengeIn } from "./challenge.ts";

export interface EvidenceOptions {
  readonly challenge: string;
  /** False with `--no-tpm`. */
  readonly tpm?: string | boolean;
  readonly tpmLedger?: string;
  readonly output: string;
}

export async function evidence(
  only: readonly string[],
  { challenge, tpm, tpmLedger, output }: EvidenceOptions,
): Promise<number> {
  const address = tpm === false ? undefined : tpmAddress(typeof tpm === "string" ? tpm : undefined);
  const made = await makeEvidence({ challenge: challengeIn(challenge), tpm: address, ledgers: tpmLedger, only });
  writeDurably(output, [writeEvidence(made)]);
  tell(made, output);
  return status.success;
}

function tell({ node, tree, quote, canisters }: Evidence, output: string): void {
  const { losses } = readNodeBody(node);
  const held = canisters.length === tree.size ? "" : `, ${canisters.length} of them in it`;
  note(
    `${output}: ${quote ? "root: tpm" : "root: none, no TPM signed it"}; about ${counted(tree.size, "canister")}${held}`,
  );
  for (const loss of losses) note(`incomplete: ${harmless(loss)}`);
}
