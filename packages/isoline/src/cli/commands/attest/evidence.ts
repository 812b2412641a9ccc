/** `isoline attest evidence`: what this host says of its live namespaces, in one statement that its TPM signs. */
import { type Evidence, readNodeBody, writeEvidence } from "@isoline/attest/evidence";
import { makeEvidence } from "../../../attest/make-evidence.ts";
import { publicInfoIn } from "../../../attest/trust/machines.ts";
import { tpmAddress } from "../../../attest/using-tpm.ts";
import { readRegular } from "../../../store/bounded-file.ts";
import { writeDurably } from "../../../store/output.ts";
import { status } from "../../ending.ts";
import { note } from "../../output/streams.ts";
import { counted, harmless } from "../../output/wording.ts";
import { usage } from "../../refusal.ts";
import { challengeIn } from "./challenge.ts";

const MOST_KEY = 8192;

export interface EvidenceOptions {
  readonly challenge: string;
  /** False with `--no-tpm`. */
  readonly tpm?: string | boolean;
  readonly tpmLedger?: string;
  readonly tee?: boolean;
  readonly teeKey?: string;
  readonly output: string;
}

export async function evidence(
  only: readonly string[],
  { challenge, tpm, tpmLedger, tee, teeKey, output }: EvidenceOptions,
): Promise<number> {
  const address = tpm === false ? undefined : tpmAddress(typeof tpm === "string" ? tpm : undefined);
  if (teeKey !== undefined && tee !== true)
    throw usage("--tee-key changes nothing without --tee; add it, or leave both out");
  const key = teeKey === undefined ? undefined : publicInfoIn(teeKey, readRegular(teeKey, MOST_KEY, "a public key"));
  const made = await makeEvidence({
    challenge: challengeIn(challenge),
    tpm: address,
    ledgers: tpmLedger,
    only,
    onRemark: (what) => note(harmless(what)),
    ...(tee && { tee: { key } }),
  });
  writeDurably(output, [writeEvidence(made)]);
  tell(made, output);
  return status.success;
}

function tell({ node, tree, quote, reports, canisters }: Evidence, output: string): void {
  const { losses } = readNodeBody(node);
  const held = canisters.length === tree.size ? "" : `, ${canisters.length} of them in it`;
  const roots = [quote && "tpm", reports.length > 0 && "tee"].filter((one) => typeof one === "string");
  note(
    `${output}: ${roots.length > 0 ? `root: ${roots.join("+")}` : "root: none, no TPM signed it"}; about ${counted(tree.size, "canister")}${held}`,
  );
  for (const loss of losses) note(`incomplete: ${harmless(loss)}`);
}
