/** Signatures checked on this thread: the same are right and wrong as by WebCrypto. */
import { generateKeyPairSync, sign } from "node:crypto";
import { attestationKey, isSignedBy, type PublicArea, type Signature } from "@isoline/attest/tpm";
import { describe, expect, it } from "vitest";
import { verifiesEcdsa } from "./signatures.ts";

const message = Uint8Array.from(Buffer.from("what a TPM signed"));
const bytesIn = (text = "") => Uint8Array.from(Buffer.from(text, "base64url"));

function signed() {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x, y } = publicKey.export({ format: "jwk" });
  const unique = { x: bytesIn(x), y: bytesIn(y) };
  const area = { is: "ecc", value: { ...attestationKey.value, unique } } as PublicArea;
  const raw = Uint8Array.from(sign("sha256", message, { key: privateKey, dsaEncoding: "ieee-p1363" }));
  const of = (hash: "sha1" | "sha256" | "sha384", r = raw.subarray(0, 32)): Signature => ({
    is: "ecdsa",
    value: { hash, r, s: raw.subarray(32) },
  });
  return { area, of, unique };
}

describe("a signature by a node's key", () => {
  it("counts by either means, and once more for the same key", async () => {
    const { area, of } = signed();
    expect(await isSignedBy(area, message, of("sha256"))).toBe(true);
    expect(await isSignedBy(area, message, of("sha256"), verifiesEcdsa)).toBe(true);
    expect(await isSignedBy(area, message, of("sha256"), verifiesEcdsa)).toBe(true);
  });

  it("does not count for other bytes, by another key, with another hash or number, or with SHA-1", async () => {
    const [one, other] = [signed(), signed()];
    for (const means of [undefined, verifiesEcdsa])
      expect([
        await isSignedBy(one.area, message.subarray(1), one.of("sha256"), means),
        await isSignedBy(other.area, message, one.of("sha256"), means),
        await isSignedBy(one.area, message, one.of("sha384"), means),
        await isSignedBy(one.area, message, one.of("sha256", new Uint8Array(32)), means),
        await isSignedBy(one.area, message, one.of("sha1"), means),
      ]).toEqual([false, false, false, false, false]);
  });

  it("is refused where the key is no point of its curve", async () => {
    const { area, of, unique } = signed();
    const value = { ...area.value, unique: { x: unique.x, y: unique.x } };
    const none = { ...area, value } as PublicArea;
    for (const means of [undefined, verifiesEcdsa])
      await expect(isSignedBy(none, message, of("sha256"), means)).rejects.toMatchObject({ code: "bad-tpm-structure" });
  });
});
