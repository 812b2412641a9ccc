/** A ledger as supervisors write it, made without a TPM. */
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { birthKeyArea, registerArea, registerName } from "../../packages/attest/src/register/area.ts";
import {
  encodeRecord,
  framed,
  labelStatement,
  type LedgerRecord,
  nameBy,
  type RecordKind,
} from "../../packages/attest/src/register/index.ts";
import { encode, nvPublic, type PublicArea, publicArea } from "../../packages/attest/src/tpm/index.ts";

export const digest = (text: string) => Uint8Array.from(createHash("sha256").update(text).digest());

/** A key that names namespaces, with the proofs that it makes. */
export function namingKey() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const modulus = Uint8Array.from(Buffer.from(privateKey.export({ format: "jwk" }).n ?? "", "base64url"));
  const proofOf = (label: string) => Uint8Array.from(sign("sha256", labelStatement(label), privateKey));
  return { modulus, proofOf, nameOf: (label: string) => nameBy(proofOf(label)) };
}

export function birthKey(): PublicArea {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const bytes = (text: string) => Uint8Array.from(Buffer.from(text, "base64url"));
  return birthKeyArea(bytes(x), bytes(y));
}

/** What a record says of the register that it brings into being. */
export function newborn(index: number) {
  const key = birthKey();
  const area = registerArea(index, key);
  return {
    register: registerName(area),
    area: Uint8Array.from(encode(nvPublic, area)),
    key: Uint8Array.from(encode(publicArea, key)),
  };
}

type Draft = LedgerRecord extends infer R ? (R extends LedgerRecord ? Omit<R, "sequence" | "at"> : never) : never;

/** The value of a register after these records of it. */
export function valueOf(records: readonly Uint8Array[], start: Uint8Array = new Uint8Array(32)): Uint8Array {
  const hash = (...parts: readonly (Uint8Array | string)[]) =>
    parts.reduce((sum, part) => sum.update(part), createHash("sha256")).digest();
  return records.reduce<Uint8Array>((value, record) => hash(value, hash("isoline register 1", record)), start);
}

/** `at`: when each was written, in milliseconds since 1970. */
export function written(drafts: readonly Draft[], at = (sequence: number) => 1000 + sequence): Uint8Array[] {
  return drafts.map((draft, sequence) => encodeRecord({ ...draft, sequence, at: at(sequence) } as LedgerRecord));
}

export const fileOf = (records: readonly Uint8Array[]) => Buffer.concat(records.map((each) => framed(each)));

/** Two namespaces with registers of their own, and a guest in the shared one. */
export function sample() {
  const naming = namingKey();
  const { nameOf } = naming;
  const shared = newborn(0x0181_5000);
  const one = newborn(0x0181_5001);
  const other = newborn(0x0181_5002);
  const named = { mode: "watch", sensor: "seccomp", aggregate: digest("boot"), state: digest("state") } as const;
  const at = { measurement: digest("measurement"), events: 12 };
  const drafts: Draft[] = [
    {
      kind: "begin",
      version: "isoline ledger 2",
      boot: new Uint8Array(16).fill(1),
      resetCount: 4,
      restartCount: 0,
      pcr: 13,
      from: new Uint8Array(32),
      names: naming.modulus,
      ...shared,
    },
    { kind: "birth", name: nameOf("web"), ...named, ...one },
    { kind: "guest", name: nameOf("cron"), ...named, register: shared.register },
    { kind: "birth", name: nameOf("db"), ...named, ...other },
    { kind: "checkpoint", register: one.register, birth: 1, points: 7, ...at },
    { kind: "departure", register: shared.register, birth: 2, process: 3, pid: 4711, point: digest("point") },
    { kind: "loss", register: one.register, birth: 1, reason: "a record was lost", count: 2 },
  ];
  const before = written(drafts);
  const value = valueOf(before.filter((_, index) => [1, 4, 6].includes(index)));
  const totals = { state: digest("state"), off: 0, refused: 0, lost: 2, value };
  drafts.push({ kind: "end", register: one.register, birth: 1, ...at, ...totals });
  drafts.push({ kind: "amendment", register: other.register, birth: 3, state: digest("wider"), points: 9 });
  return { drafts, records: written(drafts), shared, one, other, naming };
}

export const kinds: readonly RecordKind[] = [
  "begin",
  "birth",
  "guest",
  "checkpoint",
  "departure",
  "amendment",
  "loss",
  "end",
];
