/** A register that root can delete and make anew, and never write again: whatever root tries is refused, and is seen. */
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  attest,
  attestationKey,
  commands,
  encode,
  hierarchies,
  isSignedBy,
  nvAttributes,
  nvNameOf,
  type PublicArea,
  type Tpm,
} from "../../packages/attest/src/tpm/index.ts";
import { needsSwtpm, primary, SoftwareTpm } from "./swtpm.ts";

const NOTHING = new Uint8Array();
const SCHEME = { is: "ecdsa", value: { hash: "sha256" } } as const;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe.skipIf(needsSwtpm)("a register whose first write needs a key that is then thrown away (needs swtpm)", () => {
  const software = new SoftwareTpm();
  beforeAll(() => software.start());
  afterAll(() => software.close());
  const using = <T>(work: (tpm: Tpm) => Promise<T>) => software.using(work);

  const INDEX = 0x0150_0010;
  const attributes =
    nvAttributes.extend |
    nvAttributes.policyWrite |
    nvAttributes.ownerRead |
    nvAttributes.authRead |
    nvAttributes.clearStClear |
    nvAttributes.orderly |
    nvAttributes.noDA;

  function birthKey() {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { x = "", y = "" } = publicKey.export({ format: "jwk" });
    const bytes = (text: string) => Uint8Array.from(Buffer.from(text, "base64url"));
    const area: PublicArea = {
      is: "ecc",
      value: {
        ...(attestationKey.value as Extract<PublicArea, { is: "ecc" }>["value"]),
        attributes: (1 << 6) | (1 << 18),
        unique: { x: bytes(x), y: bytes(y) },
      },
    };
    return { area, privateKey };
  }
  type BirthKey = ReturnType<typeof birthKey>;

  /** The branches of the policy: not written yet and signed by the key; written already. */
  async function branches(tpm: Tpm, key: BirthKey): Promise<Uint8Array[]> {
    const trial = async (work: (session: number) => Promise<unknown>) => {
      const session = await tpm.startPolicy("trial");
      await work(session);
      const { digest } = await tpm.run(commands.policyGetDigest, {}, { handles: [session] });
      await tpm.flush(session);
      return digest;
    };
    const unwritten = (session: number) =>
      tpm
        .run(commands.policyNvWritten, { written: false }, { handles: [session] })
        .then(() => signed(tpm, key, session));
    const written = (session: number) => tpm.run(commands.policyNvWritten, { written: true }, { handles: [session] });
    return [await trial(unwritten), await trial(written)];
  }

  async function signed(tpm: Tpm, { area, privateKey }: BirthKey, session: number, by = privateKey): Promise<void> {
    const { handle } = await tpm.run(commands.loadExternal, {
      private: NOTHING,
      public: area,
      hierarchy: hierarchies.null,
    });
    try {
      // aHash (part 3, 23.3): expiration, cpHash and policyRef.
      const raw = sign("sha256", Buffer.alloc(4), { key: by, dsaEncoding: "ieee-p1363" });
      const proof = { is: "ecdsa", value: { hash: "sha256", r: raw.subarray(0, 32), s: raw.subarray(32) } } as const;
      const empty = { nonce: NOTHING, cpHash: NOTHING, policyRef: NOTHING, expiration: 0 };
      await tpm.run(commands.policySigned, { ...empty, signature: proof }, { handles: [handle, session] });
    } finally {
      await tpm.flush(handle);
    }
  }

  async function policyOf(tpm: Tpm, both: readonly Uint8Array[]): Promise<Uint8Array> {
    const session = await tpm.startPolicy("trial");
    await tpm.run(commands.policyOr, { branches: both }, { handles: [session] });
    const { digest } = await tpm.run(commands.policyGetDigest, {}, { handles: [session] });
    await tpm.flush(session);
    return digest;
  }

  const define = (tpm: Tpm, authPolicy: Uint8Array, more = attributes) =>
    tpm.run(
      commands.nvDefine,
      { auth: NOTHING, public: { index: INDEX, nameAlg: "sha256", attributes: more, authPolicy, dataSize: 32 } },
      { handles: [hierarchies.owner] },
    );
  const undefine = (tpm: Tpm) => tpm.run(commands.nvUndefine, {}, { handles: [hierarchies.owner, INDEX] });

  async function extend(tpm: Tpm, both: readonly Uint8Array[], isFirst: boolean, key?: BirthKey, by?: BirthKey) {
    const session = await tpm.startPolicy("policy");
    try {
      await tpm.run(commands.policyNvWritten, { written: !isFirst }, { handles: [session] });
      if (key) await signed(tpm, key, session, (by ?? key).privateKey);
      await tpm.run(commands.policyOr, { branches: both }, { handles: [session] });
      await tpm.run(
        commands.nvExtend,
        { data: Buffer.alloc(32, 7) },
        { handles: [INDEX, INDEX], authorisations: [{ session }] },
      );
      return "extended";
    } catch (fault) {
      return (fault as Error).message.split(";")[0] ?? "";
    } finally {
      await tpm.flush(session);
    }
  }

  it("cannot be written by root after it was deleted and made again, whatever root tries", async () => {
    await using(async (tpm) => {
      const key = birthKey();
      const both = await branches(tpm, key);
      const policy = await policyOf(tpm, both);
      await define(tpm, policy);
      expect(await extend(tpm, both, true, key)).toBe("extended");
      expect(await extend(tpm, both, false)).toBe("extended");
      const born = await tpm.run(commands.nvReadPublic, {}, { handles: [INDEX] });
      expect(hex(born.name)).toBe(hex(nvNameOf(born.public)));

      const key2 = await primary(tpm, attestationKey);
      const certified = await tpm.run(
        commands.nvCertify,
        { qualifying: Buffer.from("c0ffee", "hex"), scheme: SCHEME, size: 32, offset: 0 },
        { handles: [key2.handle, hierarchies.owner, INDEX] },
      );
      const extendBy = (value: Buffer) => createHash("sha256").update(value).update(Buffer.alloc(32, 7)).digest();
      expect(certified.attested.attested).toEqual({
        is: "nv",
        value: {
          name: born.name,
          offset: 0,
          contents: Uint8Array.from(extendBy(extendBy(Buffer.alloc(32)))),
        },
      });
      expect(await isSignedBy(key2.public, encode(attest, certified.attested), certified.signature)).toBe(true);
      await tpm.flush(key2.handle);

      // By the owner, without the policy.
      const data = { data: Buffer.alloc(32) };
      await expect(tpm.run(commands.nvExtend, data, { handles: [hierarchies.owner, INDEX] })).rejects.toThrow(
        "TPM_RC_NV_AUTHORIZATION",
      );
      // Deleted and made anew with the same public area: the same Name, and no way to the first write.
      await undefine(tpm);
      await define(tpm, policy);
      expect(await extend(tpm, both, true, key, birthKey())).toMatch(/TPM2_PolicySigned: .*TPM_RC_SIGNATURE/);
      expect(await extend(tpm, both, true)).toMatch(/TPM2_PolicyOR: .*TPM_RC_VALUE/);
      expect(await extend(tpm, both, false)).toMatch(/TPM2_NV_Extend: .*TPM_RC_POLICY_FAIL/);
      const read = { size: 32, offset: 0 };
      await expect(tpm.run(commands.nvRead, read, { handles: [hierarchies.owner, INDEX] })).rejects.toThrow(
        "TPM_RC_NV_UNINITIALIZED",
      );
      // With another policy, or with the owner's right to write: another Name.
      await undefine(tpm);
      await define(tpm, policy, attributes | nvAttributes.ownerWrite);
      const other = await tpm.run(commands.nvReadPublic, {}, { handles: [INDEX] });
      expect(hex(other.name)).not.toBe(hex(born.name));
      await undefine(tpm);
    });
  });

  it("is empty after a power cycle, and cannot be begun again", async () => {
    const { key, both, policy } = await using(async (tpm) => {
      const key = birthKey();
      const both = await branches(tpm, key);
      const policy = await policyOf(tpm, both);
      await define(tpm, policy);
      expect(await extend(tpm, both, true, key)).toBe("extended");
      return { key, both, policy };
    });
    expect(policy).toHaveLength(32);
    await software.stop();
    await software.start();
    await using(async (tpm) => {
      expect(await extend(tpm, both, false)).toMatch(/TPM_RC_POLICY_FAIL/);
      expect(await extend(tpm, both, true, key, birthKey())).toMatch(/TPM_RC_SIGNATURE/);
      await undefine(tpm);
    });
  });
});
