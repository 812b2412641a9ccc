/** What a TPM says of the registers that a ledger knows, under the same statement as the quote. */
import type { RegisterCertificate } from "@isoline/attest/evidence";
import { certifyRegister } from "@isoline/attest/birth";
import type { Ledger } from "@isoline/attest/register";
import { attest, commands, encode, nvPublic, signature, type Tpm, TpmRefusal } from "@isoline/attest/tpm";

/**
 * Of the registers of namespaces that have not ended: the births' register vouches for the end of the others, whose registers are gone. A
 * register that the TPM calls by another Name is another's, which got its index. After a restart of the TPM since the ledger began, also of
 * the one that it began with, which shows that registers were kept.
 */
export async function certified(
  tpm: Tpm,
  signer: number,
  { begin, registers, namespaces }: Ledger,
  qualifying: Uint8Array,
  restartCount: number,
): Promise<readonly RegisterCertificate[]> {
  const running = [...namespaces.values()].filter(({ end }) => end === undefined);
  const live = new Set(running.map(({ register }) => hex(register)));
  if (restartCount !== begin.restartCount) live.add(hex(begin.register));
  const certificates: RegisterCertificate[] = [];
  for (const [id, { index, name }] of registers) {
    if (!live.has(id)) continue;
    try {
      const there = await tpm.run(commands.nvReadPublic, {}, { handles: [index] });
      if (hex(there.name) !== id) continue;
      const told = await certifyRegister(tpm, signer, index, qualifying);
      certificates.push({
        name,
        public: Uint8Array.from(encode(nvPublic, there.public)),
        message: Uint8Array.from(encode(attest, told.attested)),
        signature: Uint8Array.from(encode(signature, told.signature)),
      });
    } catch (fault) {
      if (!(fault instanceof TpmRefusal)) throw fault;
    }
  }
  return certificates;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
