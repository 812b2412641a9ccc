/** What a supervisor does with registers in a TPM: bear, extend, read, certify and remove them. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { encode } from "../../packages/attest/src/tpm/codec.ts";
import { commands, NO_SYMMETRIC } from "../../packages/attest/src/tpm/commands.ts";
import { hierarchies } from "../../packages/attest/src/tpm/constants.ts";
import { TpmRefusal } from "../../packages/attest/src/tpm/response-codes.ts";
import {
  type Attest,
  nvPublic,
  publicArea,
  type PublicArea,
  type Signature,
} from "../../packages/attest/src/tpm/structures.ts";
import type { Tpm } from "../../packages/attest/src/tpm/tpm.ts";
import {
  birthKeyArea,
  branchesOf,
  FIRST_INDEX,
  LAST_INDEX,
  registerArea,
  registerName,
} from "../../packages/attest/src/register/area.ts";

const NOTHING = new Uint8Array();
const DIGEST_BYTES = 32;
const ECDSA = { is: "ecdsa", value: { hash: "sha256" } } as const;

/** Response codes (part 2, 6.6.3). */
const NV_SPACE = 0x14b;

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

/** Registers of platform configuration, at most eight, in the SHA-256 bank. */
export async function readPcrs(tpm: Tpm, registers: readonly number[]): Promise<readonly Uint8Array[]> {
  const { values } = await tpm.run(commands.pcrRead, { selection: [{ hash: "sha256", registers }] });
  return values;
}

export async function extendPcr(tpm: Tpm, pcr: number, extension: Uint8Array): Promise<void> {
  await tpm.run(commands.pcrExtend, { digests: [{ is: "sha256", value: extension }] }, { handles: [pcr] });
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
