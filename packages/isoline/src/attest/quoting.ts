/** What a TPM signs about a statement: its registers, with the statement's digest in the same message. */
import { createHash } from "node:crypto";
import type { QuoteEvidence } from "@isoline/attest/evidence";
import { AttestError } from "@isoline/attest/error";
import { QUOTED_REGISTERS } from "@isoline/attest/appraise";
import { attest, commands, encode, publicArea, signature, type Tpm } from "@isoline/attest/tpm";
import type { LoadedKey } from "./node-keys.ts";

/** SHA-256 over these is the aggregate of the machine: what its firmware measured. */
const AGGREGATE_REGISTERS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7];
/** TPM2_PCR_Read gives no more at once. */
const MOST_READ = 8;
/** The kernel's IMA may extend a register between the quote and the reading. */
const MOST_TRIES = 20;
const ECDSA = { is: "ecdsa", value: { hash: "sha256" } } as const;

async function readRegisters(tpm: Tpm, registers: readonly number[]): Promise<Uint8Array[]> {
  const values: Uint8Array[] = [];
  for (let from = 0; from < registers.length; from += MOST_READ) {
    const selection = [{ hash: "sha256" as const, registers: registers.slice(from, from + MOST_READ) }];
    values.push(...(await tpm.run(commands.pcrRead, { selection })).values);
  }
  if (values.length !== registers.length)
    throw new AttestError(
      "tpm-refused",
      `expected ${registers.length} registers of the SHA-256 bank, got ${values.length}; allocate that bank (tpm2_pcrallocate)`,
    );
  return values;
}

export async function aggregateOf(tpm: Tpm): Promise<Uint8Array> {
  const sum = createHash("sha256");
  for (const value of await readRegisters(tpm, AGGREGATE_REGISTERS)) sum.update(value);
  return Uint8Array.from(sum.digest());
}

/** A quote with the values that it is about. The two are taken one after the other, so a pair that does not match is taken again. */
export async function quoted(tpm: Tpm, key: LoadedKey, qualifying: Uint8Array): Promise<QuoteEvidence> {
  const selection = [{ hash: "sha256" as const, registers: QUOTED_REGISTERS }];
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const values = await readRegisters(tpm, QUOTED_REGISTERS);
    const told = await tpm.run(commands.quote, { qualifying, scheme: ECDSA, selection }, { handles: [key.handle] });
    const { attested } = told.attested;
    if (attested.is !== "quote" || !isOver(values, attested.value.digest)) continue;
    return {
      key: encode(publicArea, key.public),
      message: encode(attest, told.attested),
      signature: encode(signature, told.signature),
      registers: QUOTED_REGISTERS.map((number, index) => ({ number, value: values[index] as Uint8Array })),
    };
  }
  throw new AttestError(
    "tpm-refused",
    `a register changed between ${MOST_TRIES} quotes and their readings; try again when the machine is quieter`,
  );
}

function isOver(values: readonly Uint8Array[], digest: Uint8Array): boolean {
  const sum = createHash("sha256");
  for (const value of values) sum.update(value);
  return sum.digest().equals(digest);
}
