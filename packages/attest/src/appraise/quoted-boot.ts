/** The registers that a boot left: what evidence quotes of them, and what the log of measured boot leads to. */
import { type EvidenceReading, qualifyingData, type QuoteEvidence } from "../evidence/index.ts";
import { equal } from "../cbor/index.ts";
import { decode } from "../tpm/codec.ts";
import { publicArea, signature } from "../tpm/structures.ts";
import { broken, incomplete, short } from "./findings.ts";
import { appraiseQuote, type QuoteAnswer } from "./quote.ts";

/** PCR 0 to 7, which the firmware alone extends. Others are extended after the boot as well, and that is not in its log. */
export const BOOT_REGISTERS = [0, 1, 2, 3, 4, 5, 6, 7] as const;

export interface QuotedBoot {
  /** Values in the SHA-256 bank, by register. */
  readonly registers: ReadonlyMap<number, Uint8Array>;
  /** Whether there is a log of measured boot; if so, it leads to those of registers 0 to 7. */
  readonly hasLog: boolean;
}

/**
 * The registers in evidence of a machine that is known to be good. The quote, the key in it, the statement and the values fit each other,
 * or it is refused with `broken-evidence`. Whose key that is, and which challenge was asked, it does not prove: an appraisal does.
 */
export async function quotedBoot(reading: EvidenceReading): Promise<QuotedBoot> {
  const { quote, challenge, node, tree } = reading.evidence;
  if (quote === undefined)
    throw incomplete("a quote by a TPM", "evidence without one", "make evidence with the TPM of the machine");
  const question = {
    key: decode(publicArea, quote.key),
    challenge: qualifyingData(challenge, node, tree.root),
    hash: "sha256",
    registers: quote.registers.map(({ number }) => number),
  } as const;
  const { registers } = await appraiseQuote(question, answerIn(quote));
  const replayed = reading.bootRegisters;
  if (replayed !== undefined) assertLedTo(registers, replayed);
  return { registers, hasLog: replayed !== undefined };
}

/** A quote in evidence, as an answer. */
export const answerIn = (quote: QuoteEvidence): QuoteAnswer => ({
  message: quote.message,
  signature: decode(signature, quote.signature),
  values: quote.registers.map(({ value }) => value),
});

/** Refuses quoted registers that the log of measured boot does not lead to. */
export function assertLedTo(
  registers: ReadonlyMap<number, Uint8Array>,
  replayed: ReadonlyMap<number, Uint8Array>,
): void {
  for (const register of BOOT_REGISTERS) {
    const quoted = registers.get(register);
    if (quoted === undefined) continue;
    const led = replayed.get(register) ?? new Uint8Array(32);
    if (!equal(quoted, led))
      throw broken(
        `register ${register} to be ${short(led)}, as the log of measured boot leads to`,
        short(quoted),
        "the log or the register was changed: boot the node anew",
      );
  }
}
