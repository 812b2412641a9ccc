/** The TPM commands against a real swtpm, with tpm2-tools as the other side: what one makes, the other reads and verifies. */
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  attest,
  type Attest,
  attestationKey,
  commands,
  decode,
  encode,
  assertEndorsed,
  endorsementCertificates,
  endorsementP384,
  endorsementRsa,
  GENERATED,
  hierarchies,
  isSignedBy,
  makeCredential,
  nameOf,
  nvAttributes,
  nvNameOf,
  type PublicArea,
  publicArea,
  publicKeyOf,
  readIndex,
  signature,
  Tpm,
} from "../../packages/attest/src/tpm/index.ts";
import { isInstalled } from "../support/machine.ts";
import { needsSwtpm, SoftwareTpm } from "./swtpm.ts";

const NOTHING = new Uint8Array();
const PCRS = { hash: "sha256", registers: [0, 1, 2, 3, 4, 5, 6, 7, 10, 23] } as const;
const SCHEME = { is: "ecdsa", value: { hash: "sha256" } } as const;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe.skipIf(needsSwtpm)("a TPM (needs swtpm and tpm2-tools)", () => {
  const software = new SoftwareTpm();
  beforeAll(() => software.start());
  afterAll(() => software.close());

  /** One connection at a time: swtpm has no resource manager. */
  async function using<T>(work: (tpm: Tpm) => Promise<T>): Promise<T> {
    const tpm = await Tpm.open(software.address);
    try {
      return await work(tpm);
    } finally {
      tpm.close();
    }
  }
  const flushAll = () => {
    software.tool("tpm2_flushcontext", "-t");
    software.tool("tpm2_flushcontext", "-s");
  };
  const primary = (tpm: Tpm, template: PublicArea) =>
    tpm.run(
      commands.createPrimary,
      {
        sensitive: { userAuth: NOTHING, data: NOTHING },
        public: template,
        outside: NOTHING,
        creationPcrs: [],
      },
      { handles: [hierarchies.endorsement] },
    );

  it("says what it is", async () => {
    const { data } = await using((tpm) =>
      tpm.run(commands.getCapability, { capability: "properties", property: 0x105, count: 1 }),
    );
    expect(data).toEqual({
      is: "properties",
      value: [{ property: 0x105, value: Buffer.from("IBM\0").readUInt32BE(0) }],
    });
    expect(software.tool("tpm2_getcap", "properties-fixed")).toContain("IBM");
  });

  it("extends a register: both sides read the same value", async () => {
    const digest = randomBytes(32);
    const read = await using(async (tpm) => {
      await tpm.run(commands.pcrReset, {}, { handles: [23] });
      await tpm.run(commands.pcrExtend, { digests: [{ is: "sha256", value: digest }] }, { handles: [23] });
      return tpm.run(commands.pcrRead, { selection: [{ hash: "sha256", registers: [23] }] });
    });
    const expected = createHash("sha256").update(Buffer.alloc(32)).update(digest).digest();
    expect(read.values.map(hex)).toEqual([hex(expected)]);
    expect(software.tool("tpm2_pcrread", "sha256:23").toLowerCase()).toContain(hex(expected));
  });

  it.each([
    ["rsa", endorsementRsa],
    ["ecc384", endorsementP384],
  ] as const)("makes the endorsement key of the profile (%s) that tpm2-tools make", async (algorithm, template) => {
    const made = await using(async (tpm) => {
      const key = await primary(tpm, template);
      await tpm.flush(key.handle);
      return key;
    });
    software.tool("tpm2_createek", "-G", algorithm, "-c", "ek.ctx", "-u", "ek.pub");
    flushAll();
    const theirs = readFileSync(join(software.place, "ek.pub")).subarray(2);
    expect(hex(encode(publicArea, made.public))).toBe(hex(theirs));
    expect(decode(publicArea, theirs)).toEqual(made.public);
    expect(hex(made.name)).toBe(hex(nameOf(made.public)));
  });

  it("quotes: tpm2-tools verify ours", async () => {
    const challenge = randomBytes(32);
    const { key, quoted } = await using(async (tpm) => {
      const key = await primary(tpm, attestationKey);
      const quoted = await tpm.run(
        commands.quote,
        { qualifying: challenge, scheme: { is: "null", value: undefined }, selection: [PCRS] },
        { handles: [key.handle] },
      );
      await tpm.flush(key.handle);
      return { key, quoted };
    });
    const message = encode(attest, quoted.attested as Attest);
    expect(quoted.attested).toMatchObject({ magic: GENERATED, attested: { is: "quote", value: { pcrs: [PCRS] } } });
    expect(hex(quoted.attested.extraData)).toBe(hex(challenge));
    expect(isSignedBy(key.public, message, quoted.signature)).toBe(true);
    expect(isSignedBy(key.public, Buffer.concat([message.subarray(1), Buffer.alloc(1)]), quoted.signature)).toBe(false);
    writeFileSync(join(software.place, "ours.msg"), message);
    writeFileSync(join(software.place, "ours.sig"), encode(signature, quoted.signature));
    writeFileSync(join(software.place, "ours.pem"), publicKeyOf(key.public).export({ type: "spki", format: "pem" }));
    const checked = ["-u", "ours.pem", "-m", "ours.msg", "-s", "ours.sig", "-g", "sha256", "-q", hex(challenge)];
    expect(software.tool("tpm2_checkquote", ...checked)).toContain("sig:");
    expect(() => software.tool("tpm2_checkquote", ...checked.slice(0, -1), "00".repeat(32))).toThrow("tpm2_checkquote");
  });

  it("verifies the quotes of tpm2-tools", () => {
    software.tool("tpm2_createek", "-G", "rsa", "-c", "ek.ctx", "-u", "ek.pub");
    flushAll();
    const key = ["-C", "ek.ctx", "-c", "ak.ctx", "-u", "ak.pub", "-n", "ak.name"];
    software.tool("tpm2_createak", ...key, "-G", "ecc", "-g", "sha256", "-s", "ecdsa");
    flushAll();
    software.tool(
      "tpm2_quote",
      "-c",
      "ak.ctx",
      "-l",
      "sha256:0,7,10",
      "-q",
      "c0ffee",
      "-m",
      "q.msg",
      "-s",
      "q.sig",
      "-g",
      "sha256",
    );
    flushAll();
    const file = (name: string) => readFileSync(join(software.place, name));
    const theirs = decode(publicArea, file("ak.pub").subarray(2));
    const message = file("q.msg");
    expect(isSignedBy(theirs, message, decode(signature, file("q.sig")))).toBe(true);
    expect(hex(nameOf(theirs))).toBe(hex(file("ak.name")));
    const told = decode(attest, message);
    expect(told.attested).toMatchObject({ is: "quote", value: { pcrs: [{ hash: "sha256", registers: [0, 7, 10] }] } });
    expect(hex(told.extraData)).toBe("c0ffee");
    expect(hex(encode(attest, told))).toBe(hex(message));
  });

  it("activates a credential that was made for it, and no other", async () => {
    const secret = randomBytes(32);
    const activated = await using(async (tpm) => {
      const [endorsement, key] = [await primary(tpm, endorsementRsa), await primary(tpm, attestationKey)];
      const activate = async (objectName: Uint8Array) => {
        const made = await tpm.run(
          commands.makeCredential,
          { credential: secret, objectName },
          { handles: [endorsement.handle] },
        );
        const session = await tpm.startPolicy("policy");
        await tpm.run(
          commands.policySecret,
          { nonce: NOTHING, cpHash: NOTHING, policyRef: NOTHING, expiration: 0 },
          { handles: [hierarchies.endorsement, session] },
        );
        try {
          return await tpm.run(
            commands.activateCredential,
            { credentialBlob: made.credentialBlob, secret: made.secret },
            { handles: [key.handle, endorsement.handle], authorisations: [{ password: NOTHING }, { session }] },
          );
        } finally {
          await tpm.flush(session);
        }
      };
      const right = await activate(key.name);
      const wrong = await activate(endorsement.name).catch((fault: Error) => fault.message);
      for (const { handle } of [endorsement, key]) await tpm.flush(handle);
      return { right, wrong };
    });
    expect(hex(activated.right.credential)).toBe(hex(secret));
    expect(activated.wrong).toMatch(/TPM2_ActivateCredential: the TPM answered TPM_RC_INTEGRITY/);
  });

  it.each([
    ["RSA", endorsementRsa, [] as const],
    ["ECC P-384", endorsementP384, ["user"] as const],
  ])("activates a credential that was made without a TPM (%s)", async (_, template, [byUser]) => {
    const secret = randomBytes(32);
    const { credential } = await using(async (tpm) => {
      const [endorsement, key] = [await primary(tpm, template), await primary(tpm, attestationKey)];
      const made = makeCredential(endorsement.public, key.name, secret);
      const session = await tpm.startPolicy("policy");
      await tpm.run(
        commands.policySecret,
        { nonce: NOTHING, cpHash: NOTHING, policyRef: NOTHING, expiration: 0 },
        { handles: [hierarchies.endorsement, session] },
      );
      // The high-range template also permits the empty password.
      const authorisations = [{ password: NOTHING }, byUser === "user" ? { password: NOTHING } : { session }];
      const activated = await tpm.run(commands.activateCredential, made, {
        handles: [key.handle, endorsement.handle],
        authorisations,
      });
      for (const handle of [endorsement.handle, key.handle, session]) await tpm.flush(handle);
      return activated;
    });
    expect(hex(credential)).toBe(hex(secret));
  });

  describe("a register whose first write needs a key that is then thrown away", () => {
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
        expect(isSignedBy(key2.public, encode(attest, certified.attested), certified.signature)).toBe(true);
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

  it("that loses its power says so, and nothing waits for ever", async () => {
    const tpm = await Tpm.open(software.address);
    await software.stop();
    await expect(tpm.run(commands.readClock, {})).rejects.toThrow("cannot use the TPM at unix:");
    await expect(tpm.run(commands.readClock, {})).rejects.toThrow("check that it runs");
    tpm.close();
    await expect(Tpm.open(software.address)).rejects.toThrow("cannot use the TPM at unix:");
  });
});

describe.skipIf(needsSwtpm || !isInstalled("swtpm_setup"))("a TPM with certificates (needs swtpm-tools)", () => {
  const software = new SoftwareTpm();
  beforeAll(async () => {
    software.certify();
    await software.start();
  });
  afterAll(() => software.close());

  it("is trusted by the root of its maker, and by no other", async () => {
    const tpm = await Tpm.open(software.address);
    const made = async (template: PublicArea) => {
      const creation = { sensitive: { userAuth: NOTHING, data: NOTHING }, outside: NOTHING, creationPcrs: [] };
      const key = await tpm.run(
        commands.createPrimary,
        { ...creation, public: template },
        { handles: [hierarchies.endorsement] },
      );
      await tpm.flush(key.handle);
      return key.public;
    };
    const [rsa, ecc] = [await made(endorsementRsa), await made(endorsementP384)];
    const rsaCertificate = await readIndex(tpm, endorsementCertificates.rsa2048);
    const eccCertificate = await readIndex(tpm, endorsementCertificates.p384);
    tpm.close();
    const { root, issuer } = software.authority();
    const now = new Date();
    const makers = { roots: [root], between: [issuer] };
    for (const [key, certificate] of [
      [rsa, rsaCertificate],
      [ecc, eccCertificate],
    ] as const)
      expect(() => assertEndorsed(key, certificate, makers, now)).not.toThrow();
    expect(() => assertEndorsed(rsa, eccCertificate, makers, now)).toThrow("its certificate is for another key");
    expect(() => assertEndorsed(rsa, rsaCertificate, { roots: [root] }, now)).toThrow("which is not trusted");
    expect(() => assertEndorsed(rsa, rsaCertificate, { roots: [] }, now)).toThrow("which is not trusted");
    expect(() => assertEndorsed(rsa, rsaCertificate, makers, new Date("2001-01-01"))).toThrow("is valid from");
    for (const bytes of [NOTHING, rsaCertificate.subarray(0, 40), Buffer.alloc(500, 0x30)])
      expect(() => assertEndorsed(rsa, bytes, makers, now)).toThrow("its certificate cannot be read");
    const forged = Buffer.from(rsaCertificate);
    forged[forged.length - 1] = (forged.at(-1) as number) ^ 1;
    expect(() => assertEndorsed(rsa, forged, makers, now)).toThrow("which is not trusted");
  });
});
