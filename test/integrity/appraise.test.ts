import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { appraise, type Appraised } from "../../packages/isoline/src/integrity/appraise/appraise.ts";
import { verifyEcdsa } from "../../packages/isoline/src/integrity/appraise/ecdsa.ts";
import { hashOf } from "../../packages/isoline/src/integrity/appraise/hash.ts";
import { Keyring, readVerifyingKey } from "../../packages/isoline/src/integrity/appraise/keyring.ts";
import { algorithmByName, type HashAlgorithm } from "../../packages/isoline/src/integrity/hash-algorithms.ts";
import { attributes, contentDigest, fixture, signers, tamperedDigest, verityDigest } from "./fixtures.ts";

/** A file as rules see it. Those without `verity` are `appraise_type=imasig`. */
function file(name: string, how: Partial<Appraised> = {}): Appraised {
  const digest = name === "tampered" ? tamperedDigest : contentDigest;
  return {
    attribute: attributes.get(name),
    digest: (algorithm) => (algorithm.name === "sha256" ? digest : undefined),
    verity: false,
    type: "imasig",
    algorithms: undefined,
    ...how,
  };
}

const verdict = (appraised: Appraised, keys = signers) => {
  const { status, cause } = appraise(appraised, keys);
  return cause ?? status;
};

const verity = { verity: true, type: "sigv3", digest: () => verityDigest } as const;

describe("the files of a kernel that enforced imasig", () => {
  it.each([
    ["signed", "pass"],
    ["signed-ec", "pass"],
    ["hashed", "IMA-signature-required"],
    ["unsigned", "IMA-signature-required"],
    ["tampered", "invalid-signature"],
    ["verity", "IMA-signature-required"],
  ])("%s: %s", (name, expected) => {
    expect(verdict(file(name))).toBe(expected);
  });

  it.each([
    ["a hash where any attribute is enough", "hashed", { type: undefined }, "pass"],
    ["other content than the hash", "hashed", { type: undefined, digest: () => tamperedDigest }, "invalid-hash"],
    ["no attribute where a hash is enough", "unsigned", { type: undefined }, "missing-hash"],
    ["an fs-verity signature", "verity", verity, "pass"],
    [
      "an fs-verity signature over another digest",
      "verity",
      { ...verity, digest: () => contentDigest },
      "invalid-verity-signature",
    ],
    ["a file's signature where fs-verity is required", "signed", verity, "verity-signature-required"],
    ["no attribute where fs-verity is required", "unsigned", verity, "verity-signature-required"],
    ["version 2 where 3 is required", "signed", { type: "sigv3" }, "IMA-sigv3-required"],
    ["an algorithm that is not allowed", "signed", { algorithms: ["sha512"] }, "denied-hash-algorithm"],
    ["an algorithm that is allowed", "signed", { algorithms: ["sha512", "sha256"] }, "pass"],
  ] as const)("%s", (_, name, how, expected) => {
    expect(verdict(file(name, how))).toBe(expected);
  });

  it("a signature by an unknown key is not good", () => {
    expect(verdict(file("signed"), new Keyring([]))).toBe("invalid-signature");
    const other = new Keyring([readVerifyingKey(fixture("imaec.der"), "imaec.der")]);
    expect(verdict(file("signed"), other)).toBe("invalid-signature");
  });
});

describe("a hostile security.ima", () => {
  it.each(["signed", "signed-ec"])("%s: every flipped bit makes it bad", (name) => {
    const good = attributes.get(name) as Buffer;
    expect(verdict(file(name))).toBe("pass");
    for (let bit = 0; bit < good.length * 8; bit++) {
      const attribute = flipped(good, bit);
      expect(appraise(file(name, { attribute }), signers).status, `bit ${bit}`).not.toBe("pass");
    }
  });

  it.each(["signed", "signed-ec"])("%s: every part of it is bad, and it is bad with bytes after it", (name) => {
    const good = attributes.get(name) as Buffer;
    for (let length = 0; length < good.length; length++) {
      const attribute = good.subarray(0, length);
      expect(appraise(file(name, { attribute }), signers).status, `${length} bytes`).not.toBe("pass");
    }
    const attribute = Buffer.concat([good, Buffer.of(0)]);
    expect(appraise(file(name, { attribute }), signers).status).not.toBe("pass");
  });

  it("a hash and an fs-verity signature are no exception", () => {
    for (const [name, how] of [
      ["hashed", { type: undefined }],
      ["verity", verity],
    ] as const) {
      const good = attributes.get(name) as Buffer;
      expect(verdict(file(name, how))).toBe("pass");
      for (let bit = 0; bit < good.length * 8; bit++) {
        const attribute = flipped(good, bit);
        expect(appraise(file(name, { ...how, attribute }), signers).status, `${name}, bit ${bit}`).not.toBe("pass");
      }
      for (let length = 0; length < good.length; length++) {
        const attribute = good.subarray(0, length);
        expect(appraise(file(name, { ...how, attribute }), signers).status, `${name}, ${length}`).not.toBe("pass");
      }
    }
  });
});

describe("keys", () => {
  it("have the ids by which the kernel knows them", () => {
    expect(signers.all().map(({ id }) => id)).toEqual(["73c05e62", "bac51bb3"]);
  });

  it("a bare public key has the id of its certificate", () => {
    expect(readVerifyingKey(fixture("ima.pub.pem"), "ima.pub.pem").id).toBe("73c05e62");
  });

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["text", Buffer.from("not a key\n")],
    ["half a certificate", fixture("ima.der").subarray(0, 400)],
    ["a kind that cannot sign here", generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "der" })],
    [
      "an unknown curve",
      generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey.export({ type: "spki", format: "der" }),
    ],
  ])("%s is refused in one line", (_, bytes) => {
    expect(() => readVerifyingKey(bytes, "some.der")).toThrow(
      /^some\.der: expected a certificate or an RSA or ECDSA public key/,
    );
  });
});

describe("signatures of our own making", () => {
  const message = Buffer.from("some content");
  const cases = (["P-256", "P-384", "P-521"] as const).flatMap((curve) =>
    ["sha1", "sha256", "sha384", "sha512"].map((hash): [string, string] => [curve, hash]),
  );

  it.each(cases)("ECDSA %s over %s: as Node signs", (curve, hash) => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: curve });
    const key = readVerifyingKey(publicKey.export({ type: "spki", format: "der" }), "k");
    if (key.kind !== "ec") throw new TypeError("expected an EC key");
    const digest = hashOf(algorithmByName(hash) as HashAlgorithm, message) as Buffer;
    for (let times = 0; times < 3; times++) {
      const signature = sign(hash, message, privateKey);
      expect(verifyEcdsa(key.key, digest, signature)).toBe(true);
      expect(verifyEcdsa(key.key, flipped(digest, 3), signature)).toBe(false);
      expect(verifyEcdsa(key.key, digest, flipped(signature, signature.length * 8 - 1))).toBe(false);
    }
  });

  it.each(["rsa", "ec"] as const)("version 3 over a file's digest, %s", (kind) => {
    const { privateKey, publicKey } =
      kind === "rsa"
        ? generateKeyPairSync("rsa", { modulusLength: 2048 })
        : generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key = readVerifyingKey(publicKey.export({ type: "spki", format: "der" }), "k");
    const signed = Buffer.concat([Buffer.of(0x03, 4), contentDigest]);
    const signature = sign("sha256", signed, privateKey);
    const header = Buffer.from([
      0x03,
      3,
      4,
      ...Buffer.from(key.id, "hex"),
      signature.length >> 8,
      signature.length & 255,
    ]);
    const attribute = Buffer.concat([header, signature]);
    const keys = new Keyring([key]);
    expect(verdict(file("x", { attribute, type: "sigv3" }), keys)).toBe("pass");
    expect(verdict(file("x", { attribute, type: "imasig" }), keys)).toBe("pass");
    expect(verdict(file("x", { attribute, digest: () => tamperedDigest }), keys)).toBe("invalid-signature");
  });
});

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
  return copy;
}
