/** The registers that a boot left: what evidence quotes of them, and what the log of measured boot leads to. */
import { type EvidenceReading, qualifyingData, type QuoteEvidence } from "../evidence/index.ts";
import type { BootLog } from "../boot/index.ts";
import { equal } from "../cbor/index.ts";
import type { AttestError } from "../error.ts";
import { decode } from "../tpm/codec.ts";
import { publicArea, signature } from "../tpm/structures.ts";
import { eventsByRegister, rulesOf } from "./boot-events.ts";
import type { EventRule } from "./event-rules.ts";
import { broken, incomplete, short } from "./findings.ts";
import { appraiseQuote, type QuoteAnswer } from "./quote.ts";

/** PCR 0 to 7, which the firmware alone extends. Others are extended after the boot as well, and that is not in its log. */
export const BOOT_REGISTERS = [0, 1, 2, 3, 4, 5, 6, 7] as const;

export interface QuotedBoot {
  /** Values in the SHA-256 bank, by register. */
  readonly registers: ReadonlyMap<number, Uint8Array>;
  /** The log of measured boot, if there is one, and the registers that it leads to: 0 to 7 are the quoted ones. */
  readonly log: (BootLog & { readonly registers: ReadonlyMap<number, Uint8Array> }) | undefined;
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
  const [log, replayed] = [reading.bootLog, reading.bootRegisters];
  if (replayed !== undefined) assertLedTo(registers, replayed);
  return { registers, log: log && replayed && { ...log, registers: replayed } };
}

/** Rules by which the events of these registers, all that led to the quoted values, are accepted in any order. */
export function quotedEvents(
  { registers, log }: QuotedBoot,
  of: readonly number[],
): ReadonlyMap<number, readonly EventRule[]> {
  if (log === undefined)
    throw incomplete("a log of measured boot", "none", "see what isoline attest doctor says on the machine");
  const events = eventsByRegister(log);
  const rules = of.map((register) => {
    const quoted = registers.get(register);
    if (quoted === undefined)
      throw incomplete(`register ${register} in the quote`, [...registers.keys()].join(), "name registers that it has");
    const refusal = notLedTo(register, quoted, log.registers);
    if (refusal !== undefined) throw refusal;
    return [register, rulesOf(register, events.get(register) ?? [])] as const;
  });
  return new Map(rules);
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
    const refusal = quoted && notLedTo(register, quoted, replayed);
    if (refusal !== undefined) throw refusal;
  }
}

/** Why what a log leads to is not the quoted value of a register; undefined where it is. */
export function notLedTo(
  register: number,
  quoted: Uint8Array,
  replayed: ReadonlyMap<number, Uint8Array>,
): AttestError | undefined {
  const led = replayed.get(register) ?? new Uint8Array(32);
  if (equal(quoted, led)) return undefined;
  const isOfFirmware = (BOOT_REGISTERS as readonly number[]).includes(register);
  return broken(
    `register ${register} to be ${short(led)}, as the log of measured boot leads to`,
    short(quoted),
    `the log or the register was changed: boot the node anew${isOfFirmware ? "" : "; if more than the boot extends it, have no rules for its events"}`,
  );
}
