/** Signatures of contours: made, read, and refused with any alteration. */
import { spawnSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject, sign as signWith } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import type { Digest } from "@isoline/core/digest";
import { iso1 } from "@isoline/core/profile";
import { describe, expect, it } from "vitest";
import { loadContour } from "../../packages/isoline/src/store/contour-file.ts";
import { MOST_SIGNATURE } from "../../packages/isoline/src/store/signature/beside.ts";
import {
  type SignatureDemand,
  signatureOf,
  signaturePath,
  vouchedIn,
} from "../../packages/isoline/src/store/signature/demand.ts";
import { readSigningKey, readTrustedKey } from "../../packages/isoline/src/store/signature/keys.ts";
import { contourOf } from "../arbitrary/contour.ts";
import { temporaryPlace } from "../cli/isoline.ts";
import { sha256 } from "@isoline/core/digest";

const { path, keep } = temporaryPlace();
const digest = sha256(Buffer.from("a contour"));
const image = `sha256:${"a".repeat(64)}`;

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const trust = ({ publicKey }: Pair, name = "release.pub") => ({
  name,
  pem: publicKey.export({ type: "spki", format: "pem" }) as string,
});
const pairs = {
  ed25519: generateKeyPairSync("ed25519"),
  "P-256": generateKeyPairSync("ec", { namedCurve: "P-256" }),
};
const stranger = generateKeyPairSync("ed25519");

describe.each(Object.entries(pairs))("a signature by %s", (_, pair: Pair) => {
  const envelope = Buffer.from(signatureOf("web.contour", { digest, images: [image] }, pair.privateKey));
  const read = (bytes: Buffer, keys = [trust(pair)]) => vouchedIn(bytes, "web.contour.sig", keys);

  it("names the contour, the images, and the key", () => {
    expect(read(envelope, [trust(stranger, "other.pub"), trust(pair)])).toEqual({
      digest,
      images: [image],
      key: "release.pub",
    });
  });

  it("is not valid under another key, nor without a key", () => {
    expect(() => read(envelope, [trust(stranger)])).toThrow(
      /expected a signature by release\.pub, found none of theirs/,
    );
    expect(() => read(envelope, [])).toThrow(/found none of theirs/);
  });

  it("is refused with any bit changed, cut off anywhere, or with bytes after it", () => {
    for (let at = 0; at < envelope.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const altered = Buffer.from(envelope);
        altered[at] = (envelope[at] as number) ^ (1 << bit);
        expect(() => read(altered), `bit ${bit} of byte ${at}`).toThrow(/web\.contour\.sig: expected/);
      }
    }
    // Without its last byte only the newline is missing.
    for (let end = 0; end < envelope.length - 1; end++)
      expect(() => read(envelope.subarray(0, end))).toThrow(/expected the signature/);
    expect(() => read(Buffer.concat([envelope, Buffer.from("x")]))).toThrow(/expected the signature/);
  });

  it("may have other signatures beside it, and a hint of its key", () => {
    const other = JSON.parse(signatureOf("web.contour", { digest, images: [] }, stranger.privateKey)) as Signed;
    const own = JSON.parse(envelope.toString()) as Signed;
    const signatures = [...other.signatures, { ...own.signatures[0], keyid: "anything" }];
    expect(read(Buffer.from(JSON.stringify({ ...own, signatures })))).toMatchObject({ digest });
  });

  it.skipIf(spawnSync("openssl", ["version"]).status !== 0)(
    "can be verified by another program (needs openssl)",
    () => {
      const { payload, payloadType, signatures } = JSON.parse(envelope.toString()) as Signed;
      const bytes = Buffer.from(payload, "base64");
      writeFileSync(path("signed"), `DSSEv1 ${payloadType.length} ${payloadType} ${bytes.length} ${bytes.toString()}`);
      writeFileSync(path("sig"), Buffer.from(signatures[0]?.sig ?? "", "base64"));
      writeFileSync(path("pub"), trust(pair).pem);
      const words = [
        "-verify",
        "-pubin",
        "-inkey",
        path("pub"),
        "-rawin",
        "-in",
        path("signed"),
        "-sigfile",
        path("sig"),
      ];
      expect(spawnSync("openssl", ["pkeyutl", ...words], { encoding: "utf8" }).stdout).toContain(
        "Verified Successfully",
      );
    },
  );
});

interface Signed {
  readonly payloadType: string;
  readonly payload: string;
  readonly signatures: readonly { readonly sig: string }[];
}

describe("signed data that is about no contour", () => {
  const { privateKey } = pairs.ed25519;
  const enveloped = (payloadType: string, payload: string): Buffer => {
    const pae = Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${Buffer.byteLength(payload)} ${payload}`);
    const sig = signWith(null, pae, privateKey).toString("base64");
    return Buffer.from(
      JSON.stringify({ payloadType, payload: Buffer.from(payload).toString("base64"), signatures: [{ sig }] }),
    );
  };
  const json = "application/vnd.in-toto+json";
  const statement = (change: Record<string, unknown>) => ({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "web.contour", digest: { sha256: digest } }],
    predicateType: "https://isoline.dev/contour/v1",
    predicate: { images: [] },
    ...change,
  });

  it.each<[string, Buffer]>([
    ["another type", enveloped("text/plain", JSON.stringify(statement({})))],
    ["no JSON", enveloped(json, "{")],
    ["nothing", enveloped(json, "null")],
    [
      "another predicate",
      enveloped(json, JSON.stringify(statement({ predicateType: "https://slsa.dev/provenance/v1" }))),
    ],
    ["two subjects", enveloped(json, JSON.stringify(statement({ subject: [1, 2] })))],
    ["no digest", enveloped(json, JSON.stringify(statement({ subject: [{ digest: { sha1: "00" } }] })))],
    ["invalid images", enveloped(json, JSON.stringify(statement({ predicate: { images: ["web:1"] } })))],
    ["no images", enveloped(json, JSON.stringify(statement({ predicate: {} })))],
  ])("%s", (_, bytes) => {
    expect(() => vouchedIn(bytes, "x.sig", [trust(pairs.ed25519)])).toThrow(/x\.sig: expected/);
  });
});

describe("a contour that must be signed", () => {
  const { privateKey } = pairs["P-256"];
  const demand: SignatureDemand = { keys: [trust(pairs["P-256"])], image: { digests: [], named: false } };
  const signed = (name: string, images: readonly string[] = []): string => {
    const file = keep(name, contourOf([]));
    const statement = { digest: sha256(readFileSync(file)), images };
    writeFileSync(signaturePath(file), signatureOf(file, statement, privateKey));
    return file;
  };
  const load = (file: string, image: Partial<SignatureDemand["image"]> = {}) =>
    loadContour(file, iso1, { ...demand, image: { ...demand.image, ...image } });

  it("is loaded as it was signed, and with no bit changed", async () => {
    const file = signed("good.contour");
    expect((await load(file)).size).toBe(0);
    const bytes = readFileSync(file);
    for (let at = 0; at < bytes.length; at++) {
      const altered = Buffer.from(bytes);
      altered[at] = (bytes[at] as number) ^ (1 << (at % 8));
      writeFileSync(file, altered);
      await expect(load(file), `byte ${at}`).rejects.toMatchObject({ code: /^(?:unsigned|bad-contour)$/ });
    }
  });

  it("is refused with another contour's signature, which is valid under the same key", async () => {
    const file = signed("one.contour");
    const other = { digest: "f".repeat(64) as Digest, images: [] };
    writeFileSync(signaturePath(file), signatureOf(file, other, privateKey));
    await expect(load(file)).rejects.toThrow(/the signature is another contour's/);
  });

  it("is refused if it or its signature is a link or missing", async () => {
    const file = signed("real.contour");
    symlinkSync(file, path("link.contour"));
    writeFileSync(path("link.contour.sig"), readFileSync(signaturePath(file)));
    await expect(load(path("link.contour"))).rejects.toThrow(/expected a contour, found a symbolic link/);
    const beside = (name: string) => signaturePath(keep(name, contourOf([])));
    symlinkSync(signaturePath(file), beside("a.contour"));
    mkdirSync(beside("b.contour"));
    spawnSync("mkfifo", [beside("c.contour")]);
    writeFileSync(beside("d.contour"), Buffer.alloc(MOST_SIGNATURE + 1, " "));
    writeFileSync(beside("e.contour"), "");
    await expect(load(path("a.contour"))).rejects.toThrow(/expected a signature.*found a symbolic link/);
    await expect(load(path("b.contour"))).rejects.toThrow(/found a directory/);
    await expect(load(path("c.contour"))).rejects.toThrow(/found no regular file/);
    await expect(load(path("d.contour"))).rejects.toThrow(/found more than 65536 bytes/);
    await expect(load(path("e.contour"))).rejects.toThrow(/expected the signature of a contour/);
    await expect(load(keep("f.contour", contourOf([])))).rejects.toThrow(/found nothing; sign it with isoline sign/);
  });

  it("belongs to one image if the signature says so, which is required where others may attach it", async () => {
    const bound = signed("bound.contour", [image]);
    const free = signed("free.contour");
    expect((await load(bound, { digests: [`sha256:${"b".repeat(64)}`, image], named: true })).size).toBe(0);
    await expect(load(bound, { digests: [`sha256:${"b".repeat(64)}`] })).rejects.toThrow(/for another image/);
    await expect(load(bound)).rejects.toThrow(/expected a signature for no image/);
    expect((await load(free, { digests: [image] })).size).toBe(0);
    await expect(load(free, { digests: [image], named: true })).rejects.toThrow(/sign with --image/);
  });
});

describe("keys of signatures", () => {
  const pem = ({ privateKey }: Pair) => privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const file = (text: string): string => {
    writeFileSync(path("key"), text);
    return path("key");
  };

  it("are accepted only for Ed25519 and P-256, each in its own field", () => {
    expect(readSigningKey(file(pem(pairs.ed25519))).asymmetricKeyType).toBe("ed25519");
    expect(readTrustedKey(file(trust(pairs["P-256"]).pem)).name).toBe(path("key"));
    expect(() => readTrustedKey(file(pem(pairs.ed25519)))).toThrow(/expected a public key in PEM/);
    expect(() => readSigningKey(file(trust(pairs.ed25519).pem))).toThrow(/expected a private key in PEM/);
    const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
    expect(() => readTrustedKey(file(trust(rsa).pem))).toThrow(/Ed25519 or ECDSA on P-256, got one for rsa/);
    expect(() => readSigningKey(file(pem(p384)))).toThrow(/got one for secp384r1/);
    expect(() => readTrustedKey(file("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"))).toThrow(
      /expected a public key/,
    );
    expect(() => readTrustedKey(path("nowhere"))).toThrow(/found nothing/);
    const options = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" } as const;
    expect(() => readSigningKey(file(pairs.ed25519.privateKey.export(options) as string))).toThrow(/not encrypted/);
  });
});
