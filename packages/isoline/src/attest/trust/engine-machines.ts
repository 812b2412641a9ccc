/** The machines of a trust directory on which an engine is believed: nodes that were enrolled, and boots that are references. */
import { readReferences } from "@isoline/attest/appraise";
import { encode, publicArea } from "@isoline/attest/tpm";
import type { MeasuredMachines } from "../../wire/measured-proof.ts";
import { TrustDirectory } from "./directory.ts";
import { readNodes } from "./nodes.ts";
import { readSigners } from "./signers.ts";

/** With a key in `policy-signers`, references count only with its signature, as they do for evidence. */
export async function measuredMachines(directory: string): Promise<MeasuredMachines> {
  const trust = TrustDirectory.open(directory);
  const signers = readSigners(trust, "policy-signers");
  const references = await Promise.all(trust.files("references").map(({ bytes }) => readReferences(bytes, signers)));
  return {
    nodes: readNodes(trust).map(({ name, attestationKey }) => ({
      name,
      key: Buffer.from(encode(publicArea, attestationKey)).toString("base64"),
    })),
    // The proof of a session has no log, so a boot with rules for events cannot be told from others by it.
    boots: references
      .flatMap(({ boots }) => boots.filter(({ events }) => events.size === 0))
      .map(({ name, registers }) => ({
        name,
        registers: Object.fromEntries(Array.from(registers, ([at, value]) => [at, Buffer.from(value).toString("hex")])),
      })),
  };
}
