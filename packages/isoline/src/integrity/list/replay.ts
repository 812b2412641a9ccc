/**
 * Computes the registers of a TPM after a list was extended into them: p ← H(p ‖ template digest) for each entry.
 *
 * A violation is recorded as zeros and extended as ones (ima_queue.c, ima_add_template_entry).
 */
import { type Bank, bankSize, hashInto } from "../hash-algorithms.ts";
import { type Entry, isViolation, templateDigestInto } from "./entry.ts";

/**
 * What is extended into a bank: the digest in that bank's own algorithm, or (kernels before 5.8) the SHA-1 digest padded with
 * zeros in every bank.
 */
export type Extends = "own-digest" | "padded-sha1";

/** The registers of one bank while they are extended. */
export class Registers {
  readonly bank: Bank;
  readonly #extends: Extends;
  readonly #size: number;
  readonly #values = new Map<number, Buffer>();
  readonly #scratch: Buffer;

  constructor(bank: Bank, from: Extends = "own-digest") {
    this.bank = bank;
    this.#extends = from;
    this.#size = bankSize[bank];
    this.#scratch = Buffer.alloc(2 * this.#size);
  }

  /** Extends an entry into its register. `known` is its template digest in this bank, if it has been computed. */
  extend(entry: Entry, known?: Buffer): void {
    const size = this.#size;
    let value = this.#values.get(entry.register);
    if (value === undefined) {
      value = initialValue(entry.register, size);
      this.#values.set(entry.register, value);
    }
    const scratch = this.#scratch;
    value.copy(scratch, 0);
    if (isViolation(entry)) scratch.fill(0xff, size);
    else if (known !== undefined) known.copy(scratch, size, 0, size);
    else if (this.#extends === "own-digest") templateDigestInto(entry, this.bank, scratch, size);
    else {
      scratch.fill(0, size);
      templateDigestInto(entry, "sha1", scratch, size);
    }
    hashInto(this.bank, scratch, value, 0);
  }

  /** The current value of a register; undefined if nothing was extended into it. */
  value(register: number): Buffer | undefined {
    return this.#values.get(register);
  }

  /** Values in hexadecimal, by register, ascending. */
  entries(): readonly (readonly [register: number, value: string])[] {
    return [...this.#values].sort(([a], [b]) => a - b).map(([register, value]) => [register, value.toString("hex")]);
  }
}

/** Registers 17 to 22 begin with ones, all others with zeros (TCG PC Client Platform TPM Profile, table of PCR attributes). */
function initialValue(register: number, size: number): Buffer {
  return Buffer.alloc(size, register >= 17 && register <= 22 ? 0xff : 0);
}

/** Replays a list in a bank. */
export function replay(entries: readonly Entry[], bank: Bank, from: Extends = "own-digest"): Registers {
  const registers = new Registers(bank, from);
  for (const entry of entries) registers.extend(entry);
  return registers;
}
