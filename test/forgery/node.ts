/** A node with a real swtpm that boots, keeps a ledger, and sends evidence; each part can be had by itself, to be forged. */
import { randomBytes } from "node:crypto";
import {
  type CanisterBody,
  type Evidence,
  evidenceOf,
  type NodeBody,
  type Proofs,
  stateOf,
} from "../../packages/attest/src/evidence/index.ts";
import { decodeRecord } from "../../packages/attest/src/register/record.ts";
import { QUOTED_REGISTERS } from "../../packages/attest/src/appraise/index.ts";
import { equal } from "../../packages/attest/src/cbor/index.ts";
import { nodeIdOf } from "../../packages/attest/src/enrol/index.ts";
import {
  encodeRecord,
  extensionOf,
  framed,
  isAboutBirths,
  type LedgerRecord,
} from "../../packages/attest/src/register/index.ts";
import {
  bear,
  certifyRegister,
  defineRegister,
  extendPcr,
  extendRegister,
  type Newborn,
  readPcrs,
  undefineRegister,
} from "../../packages/attest/src/birth/index.ts";
import {
  attest,
  attestationKey,
  commands,
  encode,
  nvPublic,
  publicArea,
  type PublicArea,
  signature,
  type Tpm,
} from "../../packages/attest/src/tpm/index.ts";
import { namingKey } from "../attest/ledger-sample.ts";
import { canisterSample, nodeSample } from "../attest/samples.ts";
import { primary, SoftwareTpm } from "../attest/swtpm.ts";
import { published } from "./published.ts";
import { type Booting, bootLogOf, imaListOf, sha256 } from "./boot.ts";

export type Draft = LedgerRecord extends infer R
  ? R extends LedgerRecord
    ? Omit<R, "sequence" | "at">
    : never
  : never;
type Told = Omit<CanisterBody, "type">;

export interface Born {
  readonly newborn: Newborn;
  readonly birth: number;
}

const EVENTS = [
  [0, "firmware 1.0"],
  [4, "boot loader"],
  [7, "secure boot on"],
] as const;
const FILES = ["/usr/bin/sh", "/usr/bin/node"];
/** Where births are, unless root begins a ledger elsewhere. */
const PCR = 13;
const naming = namingKey();
const SHUTDOWN_STATE = 1;

export class Node {
  readonly software = new SoftwareTpm();
  readonly ledger: Uint8Array[] = [];
  bootLog: Uint8Array = new Uint8Array();
  imaList: Uint8Array = new Uint8Array();
  measured: readonly { readonly digest: Uint8Array }[] = [];
  aggregate: Uint8Array = new Uint8Array();
  key: PublicArea = attestationKey;
  readonly registers: Newborn[] = [];
  #births = PCR;
  /** What the TPM's restartCount was when the ledger began. */
  #begun = 0;
  /** Made once: a key takes a tenth of a second. */
  readonly naming = naming;

  /** Powers on, boots, and begins a ledger. `files` are those that the kernel measures; null: it measures none. */
  async boot(events: readonly Booting[] = EVENTS, files: readonly string[] | null = FILES): Promise<this> {
    await this.software.start();
    this.ledger.length = 0;
    this.registers.length = 0;
    await this.#measure(events, files);
    await this.begin();
    return this;
  }

  /** What firmware and kernel extend into an empty TPM. */
  async #measure(events: readonly Booting[] = EVENTS, files: readonly string[] | null = FILES): Promise<void> {
    await this.using(async (tpm) => {
      this.key = (await this.signer(tpm)).public;
      const { log, measured } = bootLogOf(events);
      for (const { register, digest } of measured) await extendPcr(tpm, register, digest);
      const values = await this.pcrs(tpm, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      this.aggregate = sha256(...values.slice(0, 8));
      const ima = files === null ? { list: new Uint8Array(), measured: [] } : imaListOf(sha256(...values), files);
      for (const { register, digest } of ima.measured) await extendPcr(tpm, register, digest);
      [this.bootLog, this.imaList, this.measured] = [log, ima.list, measured];
    });
  }

  /** Has the TPM keep its state, and powers it off and on: with that state, as after a suspend, or without it. */
  async restart(startup: "clear" | "state"): Promise<void> {
    await this.using((tpm) => tpm.run(commands.shutdown, { type: SHUTDOWN_STATE }));
    await this.software.stop();
    await this.software.start(startup);
    if (startup === "clear") await this.#measure();
  }

  /** Root extends records into the births' register alone, as if it had them from before. */
  async extendBirths(records: readonly Uint8Array[]): Promise<void> {
    const about = records.filter((encoded) => isAboutBirths(decodeRecord(encoded, 0)));
    await this.using(async (tpm) => {
      for (const encoded of about) await extendPcr(tpm, this.#births, extensionOf(encoded));
    });
  }

  using<T>(work: (tpm: Tpm) => Promise<T>): Promise<T> {
    return this.software.using(work);
  }

  /** The values of registers 0, 4 and 7 after the events of `EVENTS`. */
  get bootReference(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      EVENTS.map(([register, what]) => [
        register,
        Buffer.from(sha256(new Uint8Array(32), sha256(Buffer.from(what)))).toString("hex"),
      ]),
    );
  }

  get id(): string {
    return nodeIdOf(this.key);
  }

  async begin(pcr = PCR): Promise<void> {
    this.#births = pcr;
    await this.using(async (tpm) => {
      const { time } = await tpm.run(commands.readClock, {});
      const { resetCount, restartCount } = time.clockInfo;
      this.#begun = restartCount;
      const [from] = await readPcrs(tpm, [pcr]);
      const newborn = (await defineRegister(tpm))!;
      this.registers.push(newborn);
      const begun = { version: "isoline ledger 2", boot: randomBytes(16), resetCount, restartCount, pcr } as const;
      const boot = Uint8Array.from(begun.boot);
      await this.append(
        tpm,
        { kind: "begin", ...begun, boot, from: from!, names: this.naming.modulus, ...newborn.record },
        newborn,
      );
    });
  }

  /** A canister with a register of its own, or, where the TPM has no room for one more, as a guest in the shared one. */
  async bear(label: string, change: Partial<Extract<Draft, { kind: "birth" }>> = {}): Promise<Born> {
    return this.using(async (tpm) => {
      const named = {
        name: this.naming.nameOf(label),
        mode: "enforce",
        sensor: "bpf",
        aggregate: this.aggregate,
        state: published.state,
      } as const;
      const birth = this.ledger.length;
      const newborn = await defineRegister(tpm);
      if (newborn === undefined) {
        const shared = this.registers[0]!;
        await this.append(tpm, { kind: "guest", ...named, register: shared.name }, undefined, shared);
        return { newborn: shared, birth };
      }
      this.registers.push(newborn);
      await this.append(tpm, { kind: "birth", ...named, ...newborn.record, ...change }, newborn);
      return { newborn, birth };
    });
  }

  /** One more record of a canister, extended into its register. */
  async record(of: Born, draft: Record<string, unknown>): Promise<void> {
    await this.using((tpm) =>
      this.append(
        tpm,
        { register: of.newborn.name, birth: of.birth, ...draft } as unknown as Draft,
        undefined,
        of.newborn,
      ),
    );
  }

  private async append(tpm: Tpm, draft: Draft, born?: Newborn, known = born): Promise<void> {
    const sequence = this.ledger.length;
    const encoded = encodeRecord({ ...draft, sequence, at: 1_790_000_000_000 + sequence } as LedgerRecord);
    this.ledger.push(encoded);
    const extension = extensionOf(encoded);
    if (born) await bear(tpm, born, extension);
    else await extendRegister(tpm, known!, extension);
    if (isAboutBirths({ ...draft } as LedgerRecord)) await extendPcr(tpm, this.#births, extension);
  }

  ledgerFile(records: readonly Uint8Array[] = this.ledger): Uint8Array {
    return Uint8Array.from(Buffer.concat(records.map(framed)));
  }

  /** The body that an honest supervisor would write of a canister. */
  told(label: string, born: Born, change: Partial<Told> = {}): Told {
    return canisterSample(label, { ...published, register: { name: born.newborn.name, birth: born.birth }, ...change });
  }

  /** Evidence about these canisters. What is given in `change` replaces what the node would say. */
  async evidence(
    challenge: Uint8Array,
    canisters: readonly Told[],
    change: {
      node?: Partial<NodeBody>;
      registers?: readonly number[];
      key?: PublicArea;
      proofs?: Partial<Proofs>;
    } = {},
  ): Promise<Evidence> {
    const told = nodeSample({ node: this.id, aggregate: { registers: this.aggregate }, ...change.node });
    const statement = stateOf(challenge, told, canisters);
    const whole = evidenceOf(statement, {
      registers: [],
      bootLog: this.bootLog,
      imaList: this.imaList,
      ledger: this.ledgerFile(),
      reports: [],
      names: new Map(canisters.map(({ label }) => [label, this.naming.proofOf(label)])),
    });
    const names = canisters.flatMap(({ register }) => (register === undefined ? [] : [register.name]));
    return { ...(await this.signedAnew(whole, statement.qualifying, names, change.registers)), ...change.proofs };
  }

  /** Evidence with a quote and certificates over whatever root on the node may like. */
  async signedAnew(
    evidence: Evidence,
    qualifying: Uint8Array,
    names: readonly Uint8Array[] = evidence.registers.map(({ name }) => name),
    registers = QUOTED_REGISTERS,
  ): Promise<Evidence> {
    return this.using(async (tpm) => {
      const signer = await this.signer(tpm);
      const scheme = { is: "ecdsa", value: { hash: "sha256" } } as const;
      const selection = [{ hash: "sha256", registers }] as const;
      const quoted = await tpm.run(commands.quote, { qualifying, scheme, selection }, { handles: [signer.handle] });
      const certificates = [];
      const isRestarted = quoted.attested.clockInfo.restartCount !== this.#begun;
      const asked = isRestarted ? [...names, ...this.registers.slice(0, 1).map(({ name }) => name)] : names;
      for (const { name, index } of this.registers.filter((one) => asked.some((name) => equal(name, one.name)))) {
        const certified = await certifyRegister(tpm, signer.handle, index, qualifying).catch(() => undefined);
        if (certified === undefined) continue;
        const read = await tpm.run(commands.nvReadPublic, {}, { handles: [index] });
        certificates.push({
          name,
          public: encode(nvPublic, read.public),
          message: encode(attest, certified.attested),
          signature: encode(signature, certified.signature),
        });
      }
      await tpm.flush(signer.handle);
      const values = await this.pcrs(tpm, registers);
      const quote = {
        key: encode(publicArea, signer.public),
        message: encode(attest, quoted.attested),
        signature: encode(signature, quoted.signature),
        registers: registers.map((number, index) => ({ number, value: values[index]! })),
      };
      return { ...evidence, quote, registers: certificates };
    });
  }

  private signer(tpm: Tpm) {
    return primary(tpm, attestationKey);
  }

  private async pcrs(tpm: Tpm, registers: readonly number[]): Promise<Uint8Array[]> {
    const values: Uint8Array[] = [];
    for (let at = 0; at < registers.length; at += 8) values.push(...(await readPcrs(tpm, registers.slice(at, at + 8))));
    return values;
  }

  /** Root deletes a register. */
  undefine({ newborn }: Born): Promise<void> {
    return this.using((tpm) => undefineRegister(tpm, newborn.index));
  }

  close(): Promise<void> {
    return this.software.close();
  }
}
