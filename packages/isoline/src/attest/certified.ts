/** What a TPM says of the registers that a ledger knows, under the same statement as the quote. */
import type { RegisterCertificate } from "@isoline/attest/evidence";
import { certifyRegister } from "@isoline/attest/birth";
import type { Ledger } from "@isoline/attest/register";
import { attest, commands, encode, nvPublic, signature, type Tpm, TpmRefusal } from "@isoline/attest/tpm";

/** A register whose namespace has ended is gone, and has no certificate: the births' register vouches for its end. */
export async function certified(
  tpm: Tpm,
  signer: number,
  { registers }: Ledger,
  qualifying: Uint8Array,
): Promise<readonly RegisterCertificate[]> {
  const certificates: RegisterCertificate[] = [];
  for (const { index, name } of registers.values()) {
    try {
      const { public: area } = await tpm.run(commands.nvReadPublic, {}, { handles: [index] });
      const told = await certifyRegister(tpm, signer, index, qualifying);
      certificates.push({
        name,
        public: Uint8Array.from(encode(nvPublic, area)),
        message: Uint8Array.from(encode(attest, told.attested)),
        signature: Uint8Array.from(encode(signature, told.signature)),
      });
    } catch (fault) {
      if (!(fault instanceof TpmRefusal)) throw fault;
    }
  }
  return certificates;
}
