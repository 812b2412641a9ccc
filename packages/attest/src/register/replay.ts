/**
 * What a ledger says of the registers: the value that each must have, and what happened in each namespace.
 *
 * A record is on disk before the TPM is extended by it, and the next one is written only after that. So a register may be one record
 * behind the ledger, and only if that record is the ledger's last. Anything else was not written by a supervisor.
 */
import { bytesToHex } from "@noble/hashes/utils.js";
import { equal } from "../cbor/index.ts";
import { type BornRegister, registerIn } from "./area.ts";
import { lossOfSupervisor } from "./lost.ts";
import { broken, decodeRecord, extended, extensionOf, type LedgerRecord, type RecordOf, recordsIn } from "./record.ts";

/** A value that must be found in the TPM. */
export interface ExpectedValue {
  /** After every record. */
  readonly value: Uint8Array;
  /** Before the last record of the ledger, if that one is extended here: the supervisor may have ended in between. */
  readonly before: Uint8Array | undefined;
}

export interface RegisterFacts extends ExpectedValue, BornRegister {
  readonly isShared: boolean;
  /** Its records, the birth included. */
  readonly records: number;
}

/** What the records say of one namespace. */
export interface NamespaceFacts {
  readonly birth: RecordOf<"birth"> | RecordOf<"guest">;
  readonly register: Uint8Array;
  readonly departures: readonly RecordOf<"departure">[];
  readonly losses: readonly RecordOf<"loss">[];
  /** Each time that its contour was made to permit more. */
  readonly amendments: readonly RecordOf<"amendment">[];
  readonly checkpoint: RecordOf<"checkpoint"> | undefined;
  /**
   * None while it runs, and after its supervisor was killed, until the loss of that is recorded. An end is extended into the births'
   * register too, which thus vouches for the whole namespace: the register itself may be gone then.
   */
  readonly end: RecordOf<"end"> | undefined;
}

/** How many departures and losses have a record. */
export interface Recorded {
  readonly departures: number;
  readonly losses: number;
}

export interface Ledger {
  readonly begin: RecordOf<"begin">;
  /** Of the register of platform configuration `begin.pcr`. */
  readonly births: ExpectedValue;
  /** By Name, in lower-case hexadecimal. */
  readonly registers: ReadonlyMap<string, RegisterFacts>;
  /** By the sequence number of their births. */
  readonly namespaces: ReadonlyMap<number, NamespaceFacts>;
  /** Number of records. */
  readonly length: number;
  readonly last: LedgerRecord;
}

/** Replays a whole ledger. Refuses one that no supervisor wrote, with `bad-ledger` or `bad-evidence-format`. */
export function replayLedger(file: Uint8Array): Ledger {
  const replay = new LedgerReplay();
  for (const encoded of recordsIn(file)) replay.add(encoded);
  return replay.ledger();
}

/** How a value that the TPM vouches for stands to the ledger: as it must be, or without the last record, which was not extended yet. */
export function standingOf(found: Uint8Array, { value, before }: ExpectedValue): "current" | "behind" | undefined {
  if (equal(found, value)) return "current";
  return before !== undefined && equal(found, before) ? "behind" : undefined;
}

interface Value {
  now: Uint8Array;
  before: Uint8Array;
  /** Number of the record that it was extended by last. */
  at: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Facts = Writable<Omit<NamespaceFacts, "amendments" | "departures" | "losses">> & {
  readonly amendments: RecordOf<"amendment">[];
  readonly departures: RecordOf<"departure">[];
  readonly losses: RecordOf<"loss">[];
};

interface Register extends BornRegister {
  readonly isShared: boolean;
  readonly value: Value;
  records: number;
}

/** Replays a ledger record by record, as it grows. */
export class LedgerReplay {
  readonly #registers = new Map<string, Register>();
  readonly #namespaces = new Map<number, Facts>();
  /** By the name of a namespace, in lower-case hexadecimal: of all runs under it. */
  readonly #recorded = new Map<string, Writable<Recorded>>();
  readonly #recordedInAll: Writable<Recorded> = { departures: 0, losses: 0 };
  #births: Value | undefined;
  #begin: RecordOf<"begin"> | undefined;
  #last: LedgerRecord | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get begin(): RecordOf<"begin"> {
    if (this.#begin === undefined) throw broken("it has no record");
    return this.#begin;
  }

  get last(): LedgerRecord {
    return this.#last ?? this.begin;
  }

  get births(): ExpectedValue {
    const { from } = this.begin;
    return this.#expected(this.#births ?? { now: from, before: from, at: -1 });
  }

  /** Of all namespaces, of whatever name. */
  get recordedInAll(): Recorded {
    return this.#recordedInAll;
  }

  /** Of all namespaces of this name. */
  recordedOf(name: Uint8Array): Recorded {
    return this.#recorded.get(bytesToHex(name)) ?? { departures: 0, losses: 0 };
  }

  /** What the records say of a namespace, by the number of its birth. */
  namespace(birth: number): NamespaceFacts | undefined {
    return this.#namespaces.get(birth);
  }

  /** A register by its Name. */
  register(name: Uint8Array): RegisterFacts {
    const register = this.#registers.get(Buffer.from(name).toString("hex"));
    if (register === undefined) throw broken("it has no such register");
    return this.#facts(register);
  }

  /** Takes the next record, in its encoding. After a refusal this replay is of no use. */
  add(encoded: Uint8Array): LedgerRecord {
    const record = decodeRecord(encoded, this.#length);
    if (record.sequence !== this.#length)
      throw broken(`expected record ${this.#length}, got one with the number ${record.sequence}`);
    if ((record.kind === "begin") !== (this.#length === 0))
      throw broken(`record ${this.#length} is ${record.kind}, and only the first of a ledger is its beginning`);
    const register = this.#registerOf(record);
    const extension = extensionOf(encoded);
    this.#take(record, register);
    this.#extend(register.value, extension);
    register.records += 1;
    if (this.#births !== undefined && isAboutBirths(record)) this.#extend(this.#births, extension);
    this.#last = record;
    this.#length += 1;
    return record;
  }

  ledger(): Ledger {
    const { begin, births, length, last } = this;
    const registers = new Map(Array.from(this.#registers, ([id, register]) => [id, this.#facts(register)]));
    return { begin, births, registers, namespaces: new Map(this.#namespaces), length, last };
  }

  #facts({ value, ...register }: Register): RegisterFacts {
    return { ...register, ...this.#expected(value) };
  }

  #registerOf(record: LedgerRecord): Register {
    const id = bytesToHex(record.register);
    const known = this.#registers.get(id);
    if (record.kind !== "begin" && record.kind !== "birth") {
      if (known === undefined) throw broken(`record ${record.sequence} is for a register that was never born`);
      return known;
    }
    const born = registerIn(record);
    if (!equal(born.name, record.register)) throw broken(`the register of record ${record.sequence} has another Name`);
    if (known !== undefined) throw broken(`record ${record.sequence} bears a register a second time`);
    const zeros = new Uint8Array(32);
    const value = { now: zeros, before: zeros, at: -1 };
    const register: Register = { ...born, isShared: record.kind === "begin", value, records: 0 };
    this.#registers.set(id, register);
    return register;
  }

  #take(record: LedgerRecord, register: Register): void {
    switch (record.kind) {
      case "begin":
        this.#begin = record;
        this.#births = { now: record.from, before: record.from, at: -1 };
        return;
      case "birth":
        return this.#bear(record);
      case "guest":
        if (!register.isShared) throw broken(`record ${record.sequence} is a guest in another namespace's register`);
        return this.#bear(record);
      default:
        return this.#tell(record, register);
    }
  }

  #bear(birth: RecordOf<"birth"> | RecordOf<"guest">): void {
    const nothing = { amendments: [], departures: [], losses: [], checkpoint: undefined, end: undefined };
    this.#namespaces.set(birth.sequence, { birth, register: birth.register, ...nothing });
  }

  #tell(record: Exclude<LedgerRecord, { kind: "begin" | "birth" | "guest" }>, register: Register): void {
    const facts = this.#namespaces.get(record.birth);
    if (facts === undefined || !equal(facts.register, record.register))
      throw broken(`record ${record.sequence} is about no namespace of its register`);
    if (facts.end !== undefined) throw broken(`record ${record.sequence} is about a namespace that has ended`);
    if (record.kind !== "end" && lossOfSupervisor(facts) !== undefined)
      throw broken(`record ${record.sequence} is about a namespace whose supervisor was recorded as lost`);
    if (record.kind === "departure") {
      facts.departures.push(record);
      this.#count("departures", facts);
    } else if (record.kind === "loss") {
      facts.losses.push(record);
      this.#count("losses", facts);
    } else if (record.kind === "amendment") facts.amendments.push(record);
    else if (record.kind === "checkpoint") facts.checkpoint = record;
    else {
      if (!equal(record.value, register.value.now))
        throw broken(`the end in record ${record.sequence} says another value of its register than the records`);
      facts.end = record;
    }
  }

  #count(what: keyof Recorded, { birth }: Facts): void {
    const name = bytesToHex(birth.name);
    const ofName = this.#recorded.get(name) ?? { departures: 0, losses: 0 };
    ofName[what] += 1;
    this.#recorded.set(name, ofName);
    this.#recordedInAll[what] += 1;
  }

  #extend(value: Value, extension: Uint8Array): void {
    value.before = value.now;
    value.now = extended(value.now, extension);
    value.at = this.#length;
  }

  #expected({ now, before, at }: Value): ExpectedValue {
    return { value: now, before: at === this.#length - 1 ? before : undefined };
  }
}

/**
 * Whether a record is extended into the births' register as well: all but checkpoints. A namespace's own register can be deleted, and
 * an end can be written by root; a departure that was recorded before that must stay in what no program can begin again.
 */
export function isAboutBirths({ kind }: LedgerRecord): boolean {
  return kind !== "checkpoint";
}
