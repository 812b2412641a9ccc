/** What a row of the matrix is made with: a node with two canisters, a verifier that accepted it, and keys of a forger. */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { type Accepted, type Question } from "../../packages/attest/src/appraise/index.ts";
import {
  type Evidence,
  forTenant,
  leafOf,
  qualifyingData,
  readCanisterBody,
  Tree,
  writeCanisterBody,
} from "../../packages/attest/src/evidence/index.ts";
import { decodeRecord } from "../../packages/attest/src/register/record.ts";
import { encodeRecord, type LedgerRecord, replayLedger } from "../../packages/attest/src/register/index.ts";
import { attestationKey, encode, type PublicArea, signature } from "../../packages/attest/src/tpm/index.ts";
import { type Born, Node } from "./node.ts";
import { bound, published } from "./published.ts";
import { judge, questionFor } from "./verifier.ts";

export interface Row {
  readonly group: string;
  /** What is sent, as the page says it. */
  readonly forgery: string;
  /** The check that must catch it, and the class; none: it must not alarm. */
  readonly caught: `${string}: ${string}` | "no alarm";
  readonly send: (bench: Bench) => Promise<Sent>;
}

export interface Sent {
  readonly evidence: Evidence | Uint8Array;
  readonly question?: Partial<Question>;
}

export const bytes = (value: Uint8Array) => Uint8Array.from(value);
export const digest = (byte: number) => new Uint8Array(32).fill(byte);
export const fresh = () => bytes(randomBytes(32));

/** A node with two canisters, and the challenge of a verifier. */
export class Bench {
  readonly node = new Node();
  challenge = fresh();
  web!: Born;
  db!: Born;

  async open(): Promise<this> {
    await this.node.boot();
    await this.bear();
    return this;
  }

  async bear(): Promise<void> {
    this.web = await this.node.bear("web");
    this.db = await this.node.bear("db");
    await this.node.record(this.web, { kind: "checkpoint", measurement: digest(6), points: 7, events: 90 });
  }

  /** What honest supervisors say, with a change in what they say of `web`. */
  told(change: object = {}, challenge = this.challenge) {
    const state = { bound: bound(challenge, this.node.aggregate) };
    return [this.node.told("web", this.web, { ...state, ...change }), this.node.told("db", this.db, state)];
  }

  /** Evidence in which `web` is told of otherwise. */
  saying(change: object): Promise<Evidence> {
    return this.node.evidence(this.challenge, this.told(change));
  }

  /** Evidence about one canister more, of which the node says what it likes. */
  withMore(label: string, born: Born | undefined): Promise<Evidence> {
    const state = { bound: bound(this.challenge, this.node.aggregate) };
    const { register: _, ...without } = this.node.told(label, this.web, state);
    const more = born === undefined ? without : this.node.told(label, born, state);
    return this.node.evidence(this.challenge, [...this.told(), more]);
  }

  /** Cuts the power, boots again, and begins the canisters anew. */
  async reboot(): Promise<void> {
    await this.node.software.stop();
    await this.node.boot();
    await this.bear();
  }

  /** The end of a canister, as an honest supervisor records it. */
  async end(born: Born, told: { readonly off?: number; readonly lost?: number } = {}): Promise<void> {
    const { registers } = replayLedger(this.node.ledgerFile());
    const { value } = registers.get(Buffer.from(born.newborn.name).toString("hex"))!;
    const totals = { events: 100, off: 0, refused: 0, lost: 0, ...told };
    await this.node.record(born, { kind: "end", measurement: digest(6), state: published.state, value, ...totals });
  }

  honest(change: Parameters<Node["evidence"]>[2] = {}, challenge = this.challenge): Promise<Evidence> {
    return this.node.evidence(challenge, this.told({}, challenge), change);
  }

  /** Evidence that was accepted, and what the verifier kept of it, and of `last` before it. */
  async accepted(evidence?: Evidence, last?: Accepted): Promise<Accepted> {
    const challenge = fresh();
    const result = await judge(
      questionFor(this.node, evidence?.challenge ?? challenge, { last }),
      evidence ?? (await this.honest({}, challenge)),
    );
    if (result.accepted === undefined) throw new Error(`not accepted: ${JSON.stringify(result.platform)}`);
    return result.accepted;
  }

  readonly #crowd: [string, Born][] = [];

  /** So many canisters in all, each with a register of its own. */
  async crowd(size: number): Promise<void> {
    this.#crowd.push(["web", this.web], ["db", this.db]);
    while (this.#crowd.length < size) {
      const label = `tenant-${this.#crowd.length}`;
      this.#crowd.push([label, await this.node.bear(label)]);
    }
  }

  async crowded() {
    const state = { bound: bound(this.challenge, this.node.aggregate) };
    const told = this.#crowd.map(([label, born]) => this.node.told(label, born, state));
    const evidence = await this.node.evidence(this.challenge, told);
    const labels = this.#crowd.map(([label]) => label);
    return { evidence, labels, tenant: (label: string) => forTenant(evidence, label) };
  }

  close(): Promise<void> {
    return this.node.close();
  }
}

/** A key in software with the public area of an attestation key, as far as a node could claim one. */
export function softwareKey(attributes = attestationKey.value.attributes) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const unique = { x: bytes(Buffer.from(x, "base64url")), y: bytes(Buffer.from(y, "base64url")) };
  const key = { is: "ecc", value: { ...attestationKey.value, attributes, unique } } as PublicArea;
  const signed = (message: Uint8Array) => {
    const raw = sign("sha256", message, { key: privateKey, dsaEncoding: "ieee-p1363" });
    return encode(signature, {
      is: "ecdsa",
      value: { hash: "sha256", r: bytes(raw.subarray(0, 32)), s: bytes(raw.subarray(32)) },
    });
  };
  return { key, signed };
}

export const withLedger = (bench: Bench, records: readonly Uint8Array[]) =>
  bench.honest({ proofs: { ledger: bench.node.ledgerFile(records) } });

/** A record with a change, encoded anew. */
export function changed(record: Uint8Array, sequence: number, change: object): Uint8Array {
  return encodeRecord({ ...decodeRecord(record, sequence), ...change } as LedgerRecord);
}

/** The canisters of evidence with a change to one of them, as the sender would put them in without a new quote. */
export function withCanister(evidence: Evidence, index: number, change: (body: Uint8Array) => Uint8Array): Evidence {
  const canisters = evidence.canisters.map((one, at) => (at === index ? { ...one, body: change(one.body) } : one));
  return { ...evidence, canisters };
}

export const changedBody = (change: object) => (body: Uint8Array) =>
  writeCanisterBody({ ...readCanisterBody(body), ...change });

/** Evidence whose tree a dishonest node made over another label than `stateOf` would let it. */
export async function renamed(bench: Bench, evidence: Evidence, from: string, to: string): Promise<Evidence> {
  const bodies = evidence.canisters.map(({ body }) => {
    const told = readCanisterBody(body);
    return told.label === from ? writeCanisterBody({ ...told, label: to }) : body;
  });
  const tree = new Tree(bodies.map(leafOf));
  const canisters = bodies.map((body, index) => ({ index, path: tree.path(index), body }));
  const qualifying = qualifyingData(evidence.challenge, evidence.node, tree.root);
  return bench.node.signedAnew({ ...evidence, canisters, tree: { size: bodies.length, root: tree.root } }, qualifying);
}
