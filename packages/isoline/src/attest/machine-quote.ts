/** A quote by itself: what a measured machine proves to the other end of a wire (docs/spec/wire.md, proof 3). */
import { writeQuote } from "@isoline/attest/evidence";
import { withAttestationKey } from "./node-keys.ts";
import { quoted } from "./quoting.ts";
import { usingTpm } from "./using-tpm.ts";

/** Has the TPM at this address sign its registers 0 to 15 with 32 bytes of the session's. */
export function machineQuote(address: string, qualifying: Uint8Array): Promise<Uint8Array> {
  return usingTpm(address, (tpm) =>
    withAttestationKey(tpm, async (key) => writeQuote(await quoted(tpm, key, qualifying))),
  );
}
