/** What a supervisor does with registers in a TPM: bear, extend, read, certify and remove them. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { equal } from "../cbor/index.ts";
import { encode } from "../tpm/codec.ts";
import { commands, NO_SYMMETRIC } from "../tpm/commands.ts";
import { hierarchies, nvAttributes } from "../tpm/constants.ts";
import { nvNameOf } from "../tpm/names.ts";
import { TpmRefusal } from "../tpm/response-codes.ts";
import { type Attest, nvPublic, publicArea, type PublicArea, type Signature } from "../tpm/structures.ts";
import type { Tpm } from "../tpm/tpm.ts";
import {
  birthKeyArea,
  type BornRegister,
  branchesOf,
  FIRST_INDEX,
  LAST_INDEX,
  registerArea,
  registerName,
} from "../register/area.ts";

const NOTHING = new Uint8Array();
const DIGEST_BYTES = 32;
const ECDSA = { is: "ecdsa", value: { hash: "sha256" } } as const;

/** Response codes (part 2, 6.6.3). */
const NV_UNINITIALIZED = 0x14a;
const NV_SPACE = 0x14b;
const SESSION_MEMORY = 0x903;
const SESSION_HANDLES = 0x905;
const OBJECT_MEMORY = 0x902;
/** TPM_RC_HANDLE for handle 1, and for handle 2. */
const NO_SUCH_INDEX = 0x18b;
const NO_INDEX = 0x28b;

/** TPM_HT (part 2, 7.2): sessions that are loaded, and objects. */
const LOADED = [0x0200_0000, 0x0300_0000, 0x8000_0000];
/** How many handles are asked for at once. */
const MOST_HANDLES = 254;

/** A register that is defined and was not written yet. Its key is for the first write, and in this object alone. */
export interface Newborn {
  readonly index: number;
  readonly name: Uint8Array;
  readonly key: PublicArea;
  readonly privateKey: KeyObject;
  /** As a ledger has them. */
  readonly record: { readonly register: Uint8Array; readonly area: Uint8Array; readonly key: Uint8Array };
}

/** A register, as far as it must be known to extend it. */
export interface Extendable {
  readonly index: number;
  readonly key: PublicArea;
}

/** Defines a register at a free index; undefined where the TPM has no room for another one. */
export async function defineRegister(tpm: Tpm): Promise<Newborn | undefined> {
  const index = freeIndex(await indexesOf(tpm));
  if (index === undefined) return undefined;
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const key = birthKeyArea(bytesOf(x), bytesOf(y));
  const area = registerArea(index, key);
  try {
    await tpm.run(commands.nvDefine, { auth: NOTHING, public: area }, { handles: [hierarchies.owner] });
  } catch (fault) {
    if (fault instanceof TpmRefusal && fault.rc === NV_SPACE) return undefined;
    throw fault;
  }
  const name = registerName(area);
  const record = { register: name, area: encode(nvPublic, area), key: encode(publicArea, key) };
  return { index, name, key, privateKey, record };
}

/**
 * The first write to a register. The key signs the nonce of this one session, so that a signature which was seen on its way does not begin
 * the register again (part 3, 23.3).
 */
export async function bear(tpm: Tpm, { index, key, privateKey }: Newborn, extension: Uint8Array): Promise<void> {
  await underPolicy(tpm, index, key, extension, async (session, nonce) => {
    await tpm.run(commands.policyNvWritten, { written: false }, { handles: [session] });
    const { handle } = await tpm.run(commands.loadExternal, {
      private: NOTHING,
      public: key,
      hierarchy: hierarchies.null,
    });
    try {
      const expiration = Buffer.alloc(4);
      const message = Buffer.concat([nonce, expiration]);
      const raw = sign("sha256", message, { key: privateKey, dsaEncoding: "ieee-p1363" });
      const value = { hash: "sha256", r: raw.subarray(0, DIGEST_BYTES), s: raw.subarray(DIGEST_BYTES) } as const;
      const about = { nonce, cpHash: NOTHING, policyRef: NOTHING, expiration: 0 };
      await tpm.run(
        commands.policySigned,
        { ...about, signature: { is: "ecdsa", value } },
        { handles: [handle, session] },
      );
    } finally {
      await tpm.flush(handle);
    }
  });
}

/** Extends a register that was born. */
export async function extendRegister(tpm: Tpm, { index, key }: Extendable, extension: Uint8Array): Promise<void> {
  await underPolicy(tpm, index, key, extension, (session) =>
    tpm.run(commands.policyNvWritten, { written: true }, { handles: [session] }),
  );
}

async function underPolicy(
  tpm: Tpm,
  index: number,
  key: PublicArea,
  extension: Uint8Array,
  prove: (session: number, nonce: Uint8Array) => Promise<unknown>,
): Promise<void> {
  const { handle: session, nonce } = await tpm.run(
    commands.startAuthSession,
    { nonce: new Uint8Array(16), salt: NOTHING, type: "policy", symmetric: NO_SYMMETRIC, hash: "sha256" },
    { handles: [hierarchies.null, hierarchies.null] },
  );
  try {
    await prove(session, nonce);
    await tpm.run(commands.policyOr, { branches: [...branchesOf(key)] }, { handles: [session] });
    await tpm.run(commands.nvExtend, { data: extension }, { handles: [index, index], authorisations: [{ session }] });
  } finally {
    await tpm.flush(session);
  }
}

/** The value of a register; undefined if it was not born in this boot, or is not there. */
export async function readRegister(tpm: Tpm, index: number): Promise<Uint8Array | undefined> {
  try {
    const { data } = await tpm.run(
      commands.nvRead,
      { size: DIGEST_BYTES, offset: 0 },
      { handles: [hierarchies.owner, index] },
    );
    return data;
  } catch (fault) {
    if (fault instanceof TpmRefusal && (fault.rc === NV_UNINITIALIZED || fault.rc === NO_INDEX)) return undefined;
    throw fault;
  }
}

/** Has a loaded key sign what a register holds. */
export async function certifyRegister(
  tpm: Tpm,
  signer: number,
  index: number,
  qualifying: Uint8Array,
): Promise<{ readonly attested: Attest; readonly signature: Signature }> {
  return tpm.run(
    commands.nvCertify,
    { qualifying, scheme: ECDSA, size: DIGEST_BYTES, offset: 0 },
    { handles: [signer, hierarchies.owner, index] },
  );
}

export async function undefineRegister(tpm: Tpm, index: number): Promise<void> {
  await tpm.run(commands.nvUndefine, {}, { handles: [hierarchies.owner, index] });
}

/** Whether a register is at its index. Root may have deleted it, and another one may have the index since. */
export async function isRegisterThere(tpm: Tpm, { index, name, key }: BornRegister): Promise<boolean> {
  try {
    const there = await tpm.run(commands.nvReadPublic, {}, { handles: [index] });
    // A supervisor that ended in the middle of a birth left it without its first write, under another Name.
    return equal(there.name, name) || equal(there.name, nvNameOf(registerArea(index, key)));
  } catch (fault) {
    if (fault instanceof TpmRefusal && fault.rc === NO_SUCH_INDEX) return false;
    throw fault;
  }
}

/** Removes what supervisors of earlier boots left: a start of the TPM empties registers, and does not remove them. */
export async function removeEmptyRegisters(tpm: Tpm): Promise<void> {
  for (const index of await indexesOf(tpm)) {
    const { public: area } = await tpm.run(commands.nvReadPublic, {}, { handles: [index] });
    if ((area.attributes & nvAttributes.written) === 0) await undefineRegister(tpm, index);
  }
}

/** Registers of platform configuration, at most eight, in the SHA-256 bank. */
export async function readPcrs(tpm: Tpm, registers: readonly number[]): Promise<readonly Uint8Array[]> {
  const { values } = await tpm.run(commands.pcrRead, { selection: [{ hash: "sha256", registers }] });
  return values;
}

export async function extendPcr(tpm: Tpm, pcr: number, extension: Uint8Array): Promise<void> {
  await tpm.run(commands.pcrExtend, { digests: [{ is: "sha256", value: extension }] }, { handles: [pcr] });
}

/** Whether a TPM refused because sessions or objects of connections that were cut are still loaded. */
export function isOutOfMemory(fault: unknown): boolean {
  return fault instanceof TpmRefusal && [SESSION_MEMORY, SESSION_HANDLES, OBJECT_MEMORY].includes(fault.rc);
}

/** Lets everything go that is loaded. Only where no other program can have a connection: a resource manager does this by itself. */
export async function flushAll(tpm: Tpm): Promise<void> {
  for (const first of LOADED) for (const handle of await handlesFrom(tpm, first)) await tpm.flush(handle);
}

/** The indexes of registers that are defined, ascending. */
async function indexesOf(tpm: Tpm): Promise<readonly number[]> {
  const handles = await handlesFrom(tpm, FIRST_INDEX);
  return handles.filter((handle) => handle >= FIRST_INDEX && handle <= LAST_INDEX);
}

async function handlesFrom(tpm: Tpm, first: number): Promise<readonly number[]> {
  const { data } = await tpm.run(commands.getCapability, {
    capability: "handles",
    property: first,
    count: MOST_HANDLES,
  });
  return data.is === "handles" ? data.value : [];
}

function freeIndex(taken: readonly number[]): number | undefined {
  let index = FIRST_INDEX;
  for (const each of taken) if (each === index) index += 1;
  return index <= Math.min(LAST_INDEX, FIRST_INDEX + MOST_HANDLES - 1) ? index : undefined;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "base64url"));
}
