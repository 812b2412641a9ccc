/** What one TPM can be used for: its registers, the certificates of its keys, and space for registers of canisters. */
import { X509Certificate } from "node:crypto";
import {
  commands,
  endorsementCertificates,
  handleKinds,
  hierarchies,
  nvAttributes,
  permanentAttributes,
  properties,
  readIndex,
  registerProperties,
  type Tpm,
  TpmRefusal,
} from "@isoline/attest/tpm";

export interface TpmFinding {
  readonly address: string;
  /** The maker's four letters (TCG Vendor ID Registry). */
  readonly maker: string;
  readonly firmware: string;
  /** Registers by bank. */
  readonly banks: Readonly<Record<string, readonly number[]>>;
  /** Registers that an operating system can reset, so that they prove no history. */
  readonly resettable: readonly number[];
  /** Who issued the certificate of each endorsement key; null where the TPM has none. */
  readonly endorsement: Readonly<Record<keyof typeof endorsementCertificates, string | null>>;
  /** NV indexes that are defined, of whatever kind. */
  readonly indexes: number;
  /** How many registers of canisters could be made beside them, at most 64; null where it was not tried. */
  readonly space: number | null;
  /** Whether the owner's hierarchy has a password. isoline has none, so it could make no register. */
  readonly ownerHasPassword: boolean;
  readonly clock: {
    readonly milliseconds: string;
    readonly resets: number;
    readonly restarts: number;
    readonly safe: boolean;
  };
}

const NOTHING = new Uint8Array();
/** A TPM lists at most this many handles or properties in one answer. */
const PAGE = 64;
const MOST_PAGES = 64;
/** What is tried when space is counted; more than any chip that is known has. */
export const MOST_COUNTED = 64;
/** The first index of those that the owner may use as it likes (TCG Registry of Reserved TPM 2.0 Handles, 2.2), away from ours. */
const COUNTED_FROM = 0x0180_ff00;

export async function findTpm(tpm: Tpm, address: string, countsSpace: boolean): Promise<TpmFinding> {
  const { time } = await tpm.run(commands.readClock, {});
  const { clock, resetCount, restartCount, safe } = time.clockInfo;
  const permanent = await property(tpm, properties.permanent);
  const ownerHasPassword = (permanent & permanentAttributes.ownerAuthSet) !== 0;
  const indexes = await handles(tpm, handleKinds.nv);
  return {
    address,
    maker: letters(await property(tpm, properties.manufacturer)),
    firmware: `${word(await property(tpm, properties.firmwareVersion1))}${word(await property(tpm, properties.firmwareVersion2))}`,
    banks: await banks(tpm),
    resettable: await resettable(tpm),
    endorsement: {
      rsa2048: await issuer(tpm, indexes, endorsementCertificates.rsa2048),
      p384: await issuer(tpm, indexes, endorsementCertificates.p384),
    },
    indexes: indexes.length,
    space: countsSpace && !ownerHasPassword ? await countSpace(tpm) : null,
    ownerHasPassword,
    clock: { milliseconds: String(clock), resets: resetCount, restarts: restartCount, safe },
  };
}

async function property(tpm: Tpm, wanted: number): Promise<number> {
  const { data } = await tpm.run(commands.getCapability, { capability: "properties", property: wanted, count: 1 });
  const found = data.is === "properties" ? data.value.find((each) => each.property === wanted) : undefined;
  return found?.value ?? 0;
}

/** Every handle from this one on that is of its kind. */
async function handles(tpm: Tpm, from: number): Promise<number[]> {
  const found: number[] = [];
  for (let page = 0; page < MOST_PAGES; page++) {
    const property = found.length === 0 ? from : (found.at(-1) as number) + 1;
    const { more, data } = await tpm.run(commands.getCapability, { capability: "handles", property, count: PAGE });
    if (data.is === "handles") found.push(...data.value);
    if (!more || data.value.length === 0) break;
  }
  return found;
}

async function banks(tpm: Tpm): Promise<Record<string, readonly number[]>> {
  const { data } = await tpm.run(commands.getCapability, { capability: "pcrs", property: 0, count: 1 });
  if (data.is !== "pcrs") return {};
  return Object.fromEntries(
    data.value.filter((each) => each.registers.length > 0).map((each) => [each.hash, each.registers]),
  );
}

async function resettable(tpm: Tpm): Promise<readonly number[]> {
  const property = registerProperties.resetByOs;
  const { data } = await tpm.run(commands.getCapability, { capability: "pcrProperties", property, count: 1 });
  if (data.is !== "pcrProperties") return [];
  return data.value.find((each) => each.property === property)?.registers ?? [];
}

async function issuer(tpm: Tpm, indexes: readonly number[], index: number): Promise<string | null> {
  if (!indexes.includes(index)) return null;
  const bytes = await readIndex(tpm, index);
  try {
    return new X509Certificate(bytes).issuer.replaceAll("\n", ", ");
  } catch {
    return "a certificate that cannot be read";
  }
}

/** Makes registers until the TPM refuses one, and deletes them. Each is of the size and kind that a canister gets. */
async function countSpace(tpm: Tpm): Promise<number> {
  const made: number[] = [];
  const { extend, authWrite, ownerRead, noDA, orderly, clearStClear } = nvAttributes;
  const attributes = extend | authWrite | ownerRead | noDA | orderly | clearStClear;
  try {
    for (let index = COUNTED_FROM; made.length < MOST_COUNTED; index++) {
      const area = { index, nameAlg: "sha256", attributes, authPolicy: NOTHING, dataSize: 32 } as const;
      await tpm.run(commands.nvDefine, { auth: NOTHING, public: area }, { handles: [hierarchies.owner] });
      made.push(index);
    }
  } catch (fault) {
    if (!(fault instanceof TpmRefusal)) throw fault;
  } finally {
    for (const index of made) await tpm.run(commands.nvUndefine, {}, { handles: [hierarchies.owner, index] });
  }
  return made.length;
}

const word = (value: number): string => value.toString(16).padStart(8, "0");

/** Four letters in one number, the first one highest. */
function letters(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes
    .toString("latin1")
    .replace(/[^ -~]/g, "")
    .trim();
}
