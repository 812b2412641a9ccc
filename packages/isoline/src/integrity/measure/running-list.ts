/**
 * The measurement list of a running namespace. Like the kernel's it only grows, and holds each measurement once per register
 * (ima_queue.c, ima_add_template_entry); violations are added each time.
 */
import { type Bank, hashInto } from "../hash-algorithms.ts";
import { type Entry, isViolation, templateDigestInto } from "../list/entry.ts";
import { writeAsciiList } from "../list/ascii.ts";
import { Registers } from "../list/replay.ts";
import { writeBinaryList } from "../list/write-binary.ts";

/** The register of rules without `pcr=` (CONFIG_IMA_MEASURE_PCR_IDX). */
export const DEFAULT_REGISTER = 10;

/** The banks in which registers are kept. */
export const keptBanks = ["sha1", "sha256", "sha384"] as const satisfies readonly Bank[];

/** What a list holds at most. A measurement beyond that cannot be recorded and is a loss. */
export interface ListLimits {
  readonly entries: number;
  /** Of template data. Names are up to 4 KiB long, and none of this counts for the heap of a thread. */
  readonly bytes: number;
}

const USUAL: ListLimits = { entries: 262_144, bytes: 64 * 1024 * 1024 };
/** Of a namespace that a stranger began: many of those are in one process. */
export const OF_STRANGER: ListLimits = { entries: 16_384, bytes: 4 * 1024 * 1024 };

export class RunningList {
  readonly #entries: Entry[] = [];
  readonly #known = new Set<string>();
  readonly #registers = keptBanks.map((bank) => new Registers(bank));
  readonly #scratch: Buffer = Buffer.alloc(32);
  readonly #limits: ListLimits;
  #violations = 0;
  #bytes = 0;

  constructor(limits: ListLimits = USUAL) {
    this.#limits = limits;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  get violations(): number {
    return this.#violations;
  }

  /** Records template data, unless the register has it already. False if the list is full. */
  add(register: number, template: string, data: Buffer, violation = false): boolean {
    const entry: Entry = { register, digest: Buffer.alloc(20), template, data };
    if (!violation) {
      templateDigestInto(entry, "sha1", entry.digest, 0);
      hashInto("sha256", data, this.#scratch, 0);
      const key = `${register} ${template} ${this.#scratch.toString("latin1")}`;
      if (this.#known.has(key)) return true;
      if (this.#isFull(data)) return false;
      this.#known.add(key);
    } else if (this.#isFull(data)) return false;
    if (isViolation(entry)) this.#violations += 1;
    this.#entries.push(entry);
    this.#bytes += data.length;
    for (const registers of this.#registers) registers.extend(entry);
    return true;
  }

  /** Registers by bank, each `[register, value in hexadecimal]`. */
  registers(): Readonly<Record<string, Readonly<Record<string, string>>>> {
    return Object.fromEntries(this.#registers.map((each) => [each.bank, Object.fromEntries(each.entries())]));
  }

  binary(bank: Bank): Buffer {
    return writeBinaryList(this.#entries, bank);
  }

  ascii(bank: Bank): Buffer {
    return writeAsciiList(this.#entries, bank);
  }

  /** In one of these forms; undefined if that has more bytes than `most`, and no more than those is put together. */
  within(most: number, form: "binary" | "ascii", bank: Bank): Buffer | undefined {
    const write = form === "binary" ? writeBinaryList : writeAsciiList;
    const parts: Buffer[] = [];
    let size = 0;
    for (const entry of this.#entries) {
      const part = write([entry], bank);
      size += part.length;
      if (size > most) return undefined;
      parts.push(part);
    }
    return Buffer.concat(parts);
  }

  #isFull({ length }: Buffer): boolean {
    const { entries, bytes } = this.#limits;
    return this.#entries.length >= entries || this.#bytes + length > bytes;
  }
}
