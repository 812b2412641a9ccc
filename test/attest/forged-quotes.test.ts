/** Quotes of a real TPM, then everything that a node could send instead: each is refused, and says by which check. */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appraiseQuote, type QuoteAnswer, type QuoteQuestion } from "../../packages/attest/src/appraise/index.ts";
import {
  attest,
  type Attest,
  attestationKey,
  commands,
  decode,
  encode,
  objectAttributes,
  type PublicArea,
  type Signature,
  Tpm,
} from "../../packages/attest/src/tpm/index.ts";
import { needsSwtpm, primary, SoftwareTpm } from "./swtpm.ts";

const NOTHING = new Uint8Array();
const REGISTERS = [0, 1, 2, 3, 4, 5, 6, 7, 10];

/** A key in software that has the public area of an attestation key, as far as a node could claim it. */
function claimedKey(attributes = attestationKey.value.attributes) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const unique = { x: Uint8Array.from(Buffer.from(x, "base64url")), y: Uint8Array.from(Buffer.from(y, "base64url")) };
  const key = { is: "ecc", value: { ...attestationKey.value, attributes, unique } } as PublicArea;
  const signed = (message: Uint8Array): Signature => {
    const raw = sign("sha256", message, { key: privateKey, dsaEncoding: "ieee-p1363" });
    return {
      is: "ecdsa",
      value: { hash: "sha256", r: Uint8Array.from(raw.subarray(0, 32)), s: Uint8Array.from(raw.subarray(32)) },
    };
  };
  return { key, signed };
}

describe.skipIf(needsSwtpm)("a quote (needs swtpm and tpm2-tools)", () => {
  const software = new SoftwareTpm();
  const challenge = randomBytes(32);
  let tpm: Tpm;
  let key: PublicArea;
  let handle: number;
  let answer: QuoteAnswer;

  beforeAll(async () => {
    await software.start();
    tpm = await Tpm.open(software.address);
    const made = await primary(tpm, attestationKey);
    key = made.public;
    handle = made.handle;
    answer = await quote(challenge);
  });
  afterAll(async () => {
    tpm?.close();
    await software.close();
  });

  async function quote(qualifying: Uint8Array, registers: readonly number[] = REGISTERS): Promise<QuoteAnswer> {
    const selection = [{ hash: "sha256", registers }] as const;
    const scheme = { is: "null", value: undefined } as const;
    const told = await tpm.run(commands.quote, { qualifying, scheme, selection }, { handles: [handle] });
    const values: Uint8Array[] = [];
    for (const register of registers) {
      const read = await tpm.run(commands.pcrRead, { selection: [{ hash: "sha256", registers: [register] }] });
      values.push(...read.values);
    }
    return { message: encode(attest, told.attested), signature: told.signature, values };
  }
  const asked = (change: Partial<QuoteQuestion> = {}): QuoteQuestion => ({
    key,
    challenge,
    hash: "sha256",
    registers: REGISTERS,
    ...change,
  });
  /** The same message with a change, signed by a key of the node's own choice. */
  function forged(change: (told: Attest) => Attest, by = claimedKey()) {
    const message = encode(attest, change(decode(attest, answer.message)));
    return { key: by.key, answer: { ...answer, message, signature: by.signed(message) } };
  }

  it("proves the registers, and when", async () => {
    const proven = await appraiseQuote(asked(), answer);
    expect([...proven.registers.keys()]).toEqual(REGISTERS);
    expect([...proven.registers.values()]).toEqual(answer.values);
    expect(proven.clock.clock).toBeGreaterThan(0n);
  });

  it("that answers an earlier challenge", async () => {
    await expect(appraiseQuote(asked({ challenge: randomBytes(32) }), answer)).rejects.toThrow(
      "it answers another challenge",
    );
    await expect(appraiseQuote(asked({ challenge: NOTHING }), answer)).rejects.toThrow("it answers another challenge");
  });

  it("over fewer, more or other registers is not what was asked for", async () => {
    for (const registers of [REGISTERS.slice(1), [...REGISTERS, 23], [16], []])
      await expect(appraiseQuote(asked({ registers }), answer)).rejects.toThrow("expected registers");
    const fewer = await quote(challenge, [0]);
    await expect(appraiseQuote(asked(), fewer)).rejects.toThrow("expected registers 0,1,2,3,4,5,6,7,10 of sha256");
    await expect(appraiseQuote(asked({ hash: "sha384" }), answer)).rejects.toThrow("of sha384");
  });

  it("beside other values than those of the registers", async () => {
    const zeros = answer.values.map(() => new Uint8Array(32));
    const swapped = [answer.values[1], answer.values[0], ...answer.values.slice(2)] as Uint8Array[];
    for (const values of [
      zeros.map((zero, index) => (index === 8 ? zero.fill(1) : (answer.values[index] as Uint8Array))),
      answer.values.slice(1),
    ])
      await expect(appraiseQuote(asked(), { ...answer, values })).rejects.toThrow(/register values/);
    // Registers 0 and 1 of this TPM are both zero, so to swap them changes nothing.
    await expect(appraiseQuote(asked(), { ...answer, values: swapped })).resolves.toBeDefined();
  });

  it("signed by another key, or by one that signs whatever it is given", async () => {
    const other = forged((told) => told);
    await expect(appraiseQuote(asked(), other.answer)).rejects.toThrow("not signed by the attestation key");
    for (const lacking of [objectAttributes.restricted, objectAttributes.fixedTPM, objectAttributes.sign]) {
      const free = forged((told) => told, claimedKey(attestationKey.value.attributes & ~lacking));
      await expect(appraiseQuote(asked({ key: free.key }), free.answer)).rejects.toThrow(
        "may sign what the TPM did not make",
      );
    }
  });

  it("that is no quote, or that no TPM made", async () => {
    const time = { time: 1n, clockInfo: { clock: 1n, resetCount: 1, restartCount: 1, safe: true } };
    const another = forged((told) => ({ ...told, attested: { is: "time", value: { time, firmwareVersion: 1n } } }));
    await expect(appraiseQuote(asked({ key: another.key }), another.answer)).rejects.toThrow("is no quote but time");
    const unmade = forged((told) => ({ ...told, magic: 1 }));
    await expect(appraiseQuote(asked({ key: unmade.key }), unmade.answer)).rejects.toThrow("not made by a TPM");
  });

  it("every flipped bit of the message is seen", async () => {
    for (let bit = 0; bit < answer.message.length * 8; bit++) {
      const message = Buffer.from(answer.message);
      message[bit >> 3] = (message[bit >> 3] as number) ^ (1 << (bit & 7));
      await expect(appraiseQuote(asked(), { ...answer, message })).rejects.toThrow("not signed by the attestation key");
    }
  });

  it("older than the last accepted one, also after the TPM's state was set back", async () => {
    const first = await appraiseQuote(asked(), answer);
    await expect(appraiseQuote(asked({ last: first.clock }), answer)).rejects.toThrow("expected a quote after reset");
    const later = await appraiseQuote(asked({ last: first.clock }), await quote(challenge));
    expect(later.clock.clock).toBeGreaterThan(first.clock.clock);
    const ahead = { ...first.clock, resetCount: first.clock.resetCount + 1 };
    await expect(appraiseQuote(asked({ last: ahead }), answer)).rejects.toThrow(
      "find out why the TPM's counters went back",
    );
  });

  it("a restart is no alarm", async () => {
    const before = await appraiseQuote(asked(), await quote(challenge));
    tpm.close();
    await software.stop();
    await software.start();
    tpm = await Tpm.open(software.address);
    const made = await primary(tpm, attestationKey);
    handle = made.handle;
    // The same seed makes the same key.
    expect(made.public).toEqual(key);
    const after = await appraiseQuote(asked({ last: before.clock }), await quote(challenge));
    expect(after.clock.resetCount).toBeGreaterThan(before.clock.resetCount);
  });
});
