/**
 * The registers of this host in its TPM, with the ledger beside them: write-ahead. Each record is on disk before the TPM is extended by
 * it, and the next is written only after that, by whichever supervisor has the lock.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { AttestError } from "@isoline/attest/error";
import {
  bear,
  defineRegister,
  extendPcr,
  extendRegister,
  flushAll,
  isOutOfMemory,
  type Newborn,
  readPcrs,
  readRegister,
  removeEmptyRegisters,
} from "@isoline/attest/birth";
import {
  encodeRecord,
  extensionOf,
  isAboutBirths,
  type LedgerRecord,
  lossOfSupervisor,
  lostSupervisor,
  type NamespaceFacts,
  nameBy,
  type Recorded,
  type RecordOf,
  standingOf,
} from "@isoline/attest/register";
import { Tpm } from "@isoline/attest/tpm";
import { LedgerFile } from "./ledger-file.ts";
import {
  assertNotReset,
  assertOpen,
  assertUnused,
  clockOf,
  giveBack,
  isHeldBy,
  removeOwn,
  standing,
} from "./agreement.ts";
import { bearLife, type BornLife, isFree, Life, removeLife, removeLivesBefore } from "./lives.ts";
import { NamingKey } from "./naming-key.ts";
import { isOfMachine, type TpmPlan } from "./plan.ts";

/** Members that are the same for each record of a namespace, or that this file knows. */
type Known = "sequence" | "register" | "at" | "birth" | "value";
type Draft<K extends LedgerRecord["kind"]> = Omit<RecordOf<K>, Known>;
export type Told = Draft<"amendment"> | Draft<"checkpoint"> | Draft<"departure"> | Draft<"loss"> | Draft<"end">;
export type Beginning = Omit<Draft<"guest">, "kind" | "aggregate" | "name"> & { readonly label: string };

/** A namespace in the registers of this host. */
export interface Registered {
  /** As the ledger names it. */
  readonly name: Uint8Array;
  /** The ledger's file. */
  readonly ledger: string;
  /** The number of its birth there. */
  readonly birth: number;
  /** Name of its register, and its index in the TPM. */
  readonly register: Uint8Array;
  readonly index: number;
  readonly isShared: boolean;
  /** SHA-256 over registers 0 to 7 of the SHA-256 bank. */
  readonly aggregate: Uint8Array;
}

/** What a ledger has of all runs of one name, and of all runs. */
export interface InLedger {
  readonly ofName: Recorded;
  readonly inAll: Recorded;
}

export interface SharedLedger {
  readonly file: LedgerFile;
  /** Counter of resets of the TPM that it is of. */
  readonly resetCount: number;
}

/** How a record is written. */
interface Writing {
  /** Whether the register holds what it should, so that it is extended. */
  readonly isHeld?: boolean;
  /** With the number of the record and its extension, before it is written. */
  readonly ahead?: (sequence: number, extension: Uint8Array) => void;
  readonly onWritten?: () => void;
}

const LOOK_MS = 50;
const AGGREGATE = [0, 1, 2, 3, 4, 5, 6, 7];
const BOOT_ID = "/proc/sys/kernel/random/boot_id";
const EMPTY = new Uint8Array(32);

export class HostRegisters {
  readonly #plan: TpmPlan;
  readonly #patienceMs: number;
  readonly #isShared: boolean;
  #file: LedgerFile | undefined;
  /** Records of the file that the TPM is known to have. */
  #settled = 0;
  /** Counter of resets of the TPM that the ledger is of. */
  #resetCount: number | undefined;
  /** What is on disk: after a failure it is not written again, whatever another namespace wrote meanwhile. */
  readonly #written = new WeakSet<Told>();
  /** Registers of which this process has the birth key still. */
  readonly #newborn = new Map<number, Newborn>();
  /** Of the runs that are recorded here, by the number of their birth. */
  readonly #lives = new Map<number, Life>();

  /** `shared` is the ledger of this boot where it is open already: what was replayed of it is not replayed again. It stays open. */
  constructor(plan: TpmPlan, patienceMs: number, shared?: SharedLedger) {
    this.#plan = plan;
    this.#patienceMs = patienceMs;
    this.#file = shared?.file;
    this.#resetCount = shared?.resetCount;
    this.#isShared = shared !== undefined;
  }

  /** Whether a further namespace begins in this ledger: the TPM was not reset since, and the file is where it was. */
  async isCurrent(): Promise<boolean> {
    const { resetCount } = await this.#connected((tpm) => clockOf(tpm));
    return resetCount === this.#resetCount && this.#file?.isInPlace === true;
  }

  /** Begins a namespace: in a register of its own, or in the shared one where the TPM has no room. `life`: path of its supervisor's. */
  async begin(about: Beginning, life: string): Promise<Registered> {
    let birth = -1;
    // Before its birth is written: a run that has no such file had no supervisor that could be proven gone.
    const ahead = (path: string) => (sequence: number, extension: Uint8Array) => {
      birth = sequence;
      this.#lives.set(birth, Life.shared(bearLife(life, path, birth, extension).path));
    };
    try {
      return await this.#begin(about, ahead);
    } catch (fault) {
      // It is not tried again, and nothing else may begin its register. If its birth is written, it is one of a run without a supervisor.
      this.#newborn.clear();
      this.leave(birth);
      throw fault;
    }
  }

  async #begin(
    { label, ...about }: Beginning,
    ahead: (ledger: string) => NonNullable<Writing["ahead"]>,
  ): Promise<Registered> {
    return this.#using(async (tpm, file) => {
      const { begin } = file.ledger;
      const name = nameBy(NamingKey.open(file.path, begin.names).proofOf(label));
      const aggregate = createHash("sha256");
      for (const value of await readPcrs(tpm, AGGREGATE)) aggregate.update(value);
      const named = { ...about, name, aggregate: aggregate.digest() };
      const own = await defineRegister(tpm);
      if (own !== undefined) this.#newborn.set(own.index, own);
      const draft = own
        ? ({ kind: "birth", ...named, ...own.record } as const)
        : ({ kind: "guest", ...named, register: begin.register } as const);
      const { length } = file.ledger;
      const birth = await this.#write(tpm, file, draft, { ahead: ahead(file.path) }).catch(async (fault: unknown) => {
        // Without a record of it nothing else would remove it, and a TPM has room for some tens.
        if (own !== undefined && file.ledger.length === length) await giveBack(tpm, own);
        throw fault;
      });
      const { index } = file.ledger.register(birth.register);
      const isShared = own === undefined;
      const { register, sequence } = birth;
      return { name, ledger: file.path, birth: sequence, register, index, isShared, aggregate: named.aggregate };
    });
  }

  /**
   * Records what happened in a namespace. To be called again with the same object after a failure, which may have come after it was
   * written. After its end, the namespace's own register is removed: the births' register vouches for it. Refuses with `bad-ledger` where
   * another program has closed the run.
   */
  async record({ birth, register }: Registered, told: Told): Promise<void> {
    await this.#using(async (tpm, file) => {
      const own = file.ledger.register(register);
      const { value } = own;
      if (!this.#written.has(told)) {
        assertOpen(file, birth);
        const draft = { ...told, birth, register, ...(told.kind === "end" ? { value } : {}) };
        await this.#write(tpm, file, draft, { onWritten: () => void this.#written.add(told) });
      }
      if (told.kind !== "end") return;
      await removeOwn(tpm, own);
      const life = this.#lives.get(birth);
      try {
        if (life !== undefined) removeLife(life.path);
      } finally {
        // The end is recorded: what is left of the file is for those who close lost runs, and is no reason to try this again for ever.
        this.leave(birth);
      }
    });
  }

  /** Nothing more is recorded of a run here. */
  leave(birth: number): void {
    this.#lives.get(birth)?.end();
    this.#lives.delete(birth);
  }

  /**
   * Closes a run whose supervisor is gone: records that it is, and then its end, with what the records had until then. Does nothing of it
   * where that was done. False, and nothing is done, where a supervisor lives.
   */
  async closeLost(life: BornLife): Promise<boolean> {
    return this.#locked(async (tpm, file) => {
      // Looked at under the lock of the ledger: a run is born under it as well. Others look at it no longer than this.
      if (!isFree(life.path, LOOK_MS)) return false;
      const facts = runOf(life, file);
      if (facts !== undefined) await this.#close(tpm, file, facts);
      removeLife(life.path);
      return true;
    }, life);
  }

  async #close(tpm: Tpm, file: LedgerFile, facts: NamespaceFacts): Promise<void> {
    const about = { birth: facts.birth.sequence, register: facts.register };
    const own = file.ledger.register(facts.register);
    if (facts.end === undefined) {
      const isHeld = await isHeldBy(tpm, own);
      const reason = isHeld ? lostSupervisor.recorded : lostSupervisor.unproven;
      if (lossOfSupervisor(facts) === undefined)
        await this.#write(tpm, file, { kind: "loss", ...about, reason, count: 1 }, { isHeld });
      const { value } = file.ledger.register(facts.register);
      await this.#write(tpm, file, { kind: "end", ...about, ...lastOf(facts), value }, { isHeld });
    }
    await removeOwn(tpm, own);
  }

  /** What the ledger had when it was used last. */
  has({ name }: Registered): InLedger {
    const none = { departures: 0, losses: 0 };
    const ledger = this.#file?.ledger;
    return { ofName: ledger?.recordedOf(name) ?? none, inAll: ledger?.recordedInAll ?? none };
  }

  close(): void {
    for (const birth of this.#lives.keys()) this.leave(birth);
    if (!this.#isShared) this.#file?.close();
  }

  /** One connection to the TPM, under the lock, with a ledger that the TPM has wholly. */
  async #using<T>(work: (tpm: Tpm, file: LedgerFile) => Promise<T>): Promise<T> {
    return this.#locked(async (tpm, file) => {
      if (file.ledger.length === 0) await this.#beginLedger(tpm, file);
      return work(tpm, file);
    });
  }

  /** The same with a ledger that may not have begun. `lost` is a life that is free: the register of its run may hold anything. */
  async #locked<T>(work: (tpm: Tpm, file: LedgerFile) => Promise<T>, lost?: BornLife): Promise<T> {
    const file = await this.#opened();
    await file.catchUpAhead();
    return file.locked(this.#patienceMs, () =>
      this.#connected(async (tpm) => {
        file.catchUp();
        const isLost = lost !== undefined && isFree(lost.path, LOOK_MS);
        const run = isLost ? runOf(lost, file)?.birth.sequence : undefined;
        if (file.ledger.length !== this.#settled) await this.#settle(tpm, file, run);
        return work(tpm, file);
      }),
    );
  }

  /** The ledger of this boot of the machine and of the TPM. */
  async #opened(): Promise<LedgerFile> {
    this.#file ??= await this.#connected(async (tpm) => {
      const { resetCount } = await clockOf(tpm);
      this.#resetCount = resetCount;
      return LedgerFile.open(this.#plan.ledger, resetCount);
    });
    return this.#file;
  }

  /** Without a resource manager, the sessions of a connection that was cut stay in the TPM until another one removes them. */
  async #connected<T>(work: (tpm: Tpm) => Promise<T>): Promise<T> {
    const { address } = this.#plan;
    const tpm = await Tpm.open(address, this.#patienceMs);
    try {
      return await work(tpm);
    } catch (fault) {
      if (isOutOfMemory(fault) && /^(?:unix|tcp):/.test(address)) await flushAll(tpm);
      throw fault;
    } finally {
      tpm.close();
    }
  }

  async #beginLedger(tpm: Tpm, file: LedgerFile): Promise<void> {
    const { pcr } = this.#plan;
    const [from = EMPTY] = await readPcrs(tpm, [pcr]);
    if (isOfMachine(this.#plan.ledger)) assertUnused(pcr, from, file.path);
    await removeEmptyRegisters(tpm);
    removeLivesBefore(file.path);
    const shared = await defineRegister(tpm);
    if (shared === undefined)
      throw new AttestError(
        "tpm-refused",
        "the TPM has no room for a single register; undefine an index that is not used (tpm2_getcap handles-nv-index)",
      );
    this.#newborn.set(shared.index, shared);
    const { resetCount, restartCount } = await clockOf(tpm);
    const boot = Uint8Array.from(Buffer.from(readFileSync(BOOT_ID, "latin1").replaceAll("-", "").trim(), "hex"));
    const begin = { kind: "begin", version: "isoline ledger 2", boot, resetCount, restartCount, pcr, from } as const;
    const { names } = NamingKey.make(file.path);
    await this.#write(tpm, file, { ...begin, names, ...shared.record });
  }

  /** Appends a record, and extends the TPM by it. */
  async #write(
    tpm: Tpm,
    file: LedgerFile,
    draft: { readonly kind: LedgerRecord["kind"]; readonly [member: string]: unknown },
    { isHeld = true, ahead, onWritten }: Writing = {},
  ): Promise<LedgerRecord> {
    const sequence = file.ledger.length;
    const encoded = encodeRecord({ ...draft, sequence, at: Date.now() } as unknown as LedgerRecord);
    const extension = extensionOf(encoded);
    ahead?.(sequence, extension);
    const written = file.append(encoded);
    onWritten?.();
    await assertNotReset(tpm, file, this.#resetCount);
    if (isAboutBirths(written)) await extendPcr(tpm, file.ledger.begin.pcr, extension);
    if (isHeld) await this.#extend(tpm, file, written, extension);
    this.#settled = file.ledger.length;
    return written;
  }

  async #extend(tpm: Tpm, file: LedgerFile, record: LedgerRecord, extension: Uint8Array): Promise<void> {
    const register = file.ledger.register(record.register);
    const newborn = this.#newborn.get(register.index);
    if (newborn === undefined) return extendRegister(tpm, register, extension);
    await bear(tpm, newborn, extension);
    // From here on no program has the key.
    this.#newborn.delete(register.index);
  }

  /** Extends what a supervisor wrote, this one included, and did not extend any more. Refuses a ledger that does not fit the TPM. */
  async #settle(tpm: Tpm, file: LedgerFile, lost: number | undefined): Promise<void> {
    await assertNotReset(tpm, file, this.#resetCount);
    const { last, births, begin } = file.ledger;
    const extension = extensionOf(encodeRecord(last));
    const [pcr = EMPTY] = await readPcrs(tpm, [begin.pcr]);
    if (standing(file, `PCR ${begin.pcr}`, pcr, births) === "behind") await extendPcr(tpm, begin.pcr, extension);
    const register = file.ledger.register(last.register);
    const value = await readRegister(tpm, register.index);
    // A register that was never begun cannot be begun by another process; one that has ended may be gone.
    const isLeft =
      (value === undefined && (isBirth(last) ? !this.#newborn.has(register.index) : last.kind === "end")) ||
      (isOfLost(file, last, lost) && standingOf(value ?? EMPTY, register) === undefined);
    if (!isLeft && standing(file, `its register`, value ?? EMPTY, register) === "behind")
      await this.#extend(tpm, file, last, extension);
    this.#settled = file.ledger.length;
  }
}

/** What the records of a run had when its supervisor was found gone, as members of its end. */
function lastOf(facts: NamespaceFacts): Omit<Draft<"end">, "kind"> {
  const { birth, departures, losses, amendments, checkpoint } = facts;
  const lost = losses.reduce((sum, { count }) => Math.min(sum + count, Number.MAX_SAFE_INTEGER), 0);
  return {
    measurement: checkpoint?.measurement ?? EMPTY,
    state: (amendments.at(-1) ?? birth).state,
    events: checkpoint?.events ?? 0,
    off: departures.length,
    refused: 0,
    lost,
  };
}

/** What a ledger has of the run of a life; undefined where it has none, or another one was born under that number. */
function runOf({ birth, extension }: BornLife, { ledger }: LedgerFile): NamespaceFacts | undefined {
  const facts = ledger.length === 0 ? undefined : ledger.namespace(birth);
  return facts !== undefined && hex(extensionOf(encodeRecord(facts.birth))) === extension ? facts : undefined;
}

/** Whether a record is about a run whose supervisor is gone, as the ledger says, or as is about to be recorded of this birth. */
function isOfLost(file: LedgerFile, record: LedgerRecord, lost: number | undefined): boolean {
  const birth = "birth" in record ? record.birth : record.sequence;
  const facts = file.ledger.namespace(birth);
  return birth === lost || (facts !== undefined && lossOfSupervisor(facts) !== undefined);
}

function isBirth({ kind }: LedgerRecord): boolean {
  return kind === "begin" || kind === "birth";
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
