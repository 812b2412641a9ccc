/** The TPM commands against a real swtpm, with tpm2-tools as the other side: what one makes, the other reads and verifies. */
import { createHash, randomBytes } from "node:crypto";
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
  type PublicArea,
  publicArea,
  publicKeyOf,
  readIndex,
  signature,
  Tpm,
} from "../../packages/attest/src/tpm/index.ts";
import { isInstalled } from "../support/machine.ts";
import { needsSwtpm, primary, SoftwareTpm } from "./swtpm.ts";

const NOTHING = new Uint8Array();
const PCRS = { hash: "sha256", registers: [0, 1, 2, 3, 4, 5, 6, 7, 10, 23] } as const;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const asTold = (area: PublicArea) => area;
/** A node sends the public area of its key; it may write any number of zeros before a coordinate. */
function longer(area: PublicArea): PublicArea {
  if (area.is !== "ecc") return area;
  const { unique, ...value } = area.value;
  const zeros = (number: Uint8Array) => Uint8Array.from([0, 0, ...number]);
  return { ...area, value: { ...value, unique: { x: zeros(unique.x), y: zeros(unique.y) } } };
}

describe.skipIf(needsSwtpm)("a TPM (needs swtpm and tpm2-tools)", () => {
  const software = new SoftwareTpm();
  beforeAll(() => software.start());
  afterAll(() => software.close());

  const using = <T>(work: (tpm: Tpm) => Promise<T>) => software.using(work);
  const flushAll = () => {
    software.tool("tpm2_flushcontext", "-t");
    software.tool("tpm2_flushcontext", "-s");
  };
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
    expect(await isSignedBy(key.public, message, quoted.signature)).toBe(true);
    expect(await isSignedBy(key.public, Buffer.concat([message.subarray(1), Buffer.alloc(1)]), quoted.signature)).toBe(
      false,
    );
    writeFileSync(join(software.place, "ours.msg"), message);
    writeFileSync(join(software.place, "ours.sig"), encode(signature, quoted.signature));
    writeFileSync(join(software.place, "ours.pem"), publicKeyOf(key.public).export({ type: "spki", format: "pem" }));
    const checked = ["-u", "ours.pem", "-m", "ours.msg", "-s", "ours.sig", "-g", "sha256", "-q", hex(challenge)];
    expect(software.tool("tpm2_checkquote", ...checked)).toContain("sig:");
    expect(() => software.tool("tpm2_checkquote", ...checked.slice(0, -1), "00".repeat(32))).toThrow("tpm2_checkquote");
  });

  it("verifies the quotes of tpm2-tools", async () => {
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
    expect(await isSignedBy(theirs, message, decode(signature, file("q.sig")))).toBe(true);
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
    ["RSA", endorsementRsa, [] as const, asTold],
    ["ECC P-384", endorsementP384, ["user"] as const, asTold],
    ["ECC P-384, in longer numbers than it needs", endorsementP384, ["user"] as const, longer],
  ])("activates a credential that was made without a TPM (%s)", async (_, template, [byUser], told) => {
    const secret = randomBytes(32);
    const { credential } = await using(async (tpm) => {
      const [endorsement, key] = [await primary(tpm, template), await primary(tpm, attestationKey)];
      const made = makeCredential(told(endorsement.public), key.name, secret);
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
      const key = await primary(tpm, template);
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
