/** Signatures that are appended to a file, as to kernel modules. openssl makes them, with the options of the kernel's sign-file. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appraise } from "../../packages/isoline/src/integrity/appraise/appraise.ts";
import { hashOf } from "../../packages/isoline/src/integrity/appraise/hash.ts";
import { Keyring, readVerifyingKey } from "../../packages/isoline/src/integrity/appraise/keyring.ts";
import { readModSignature } from "../../packages/isoline/src/integrity/appraise/modsig.ts";
import { algorithmByName, type HashAlgorithm } from "../../packages/isoline/src/integrity/hash-algorithms.ts";
import { isBuilt } from "../support/isoline.ts";
import { Bench, listOf, maySign } from "./live.ts";
import { hashOver, makeSigner, OWNER, document, signatureOver } from "./signed-files.ts";

const here = spawnSync("openssl", ["version"]).status === 0;
const MARKER = Buffer.from("~Module signature appended~\n");
const content = Buffer.from("the content of a module");

describe.skipIf(!here)("appended signatures (need openssl)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-modsig-"));
  const path = (name: string) => join(place, name);
  afterAll(() => rmSync(place, { recursive: true }));

  /** content ‖ PKCS#7 ‖ struct module_signature ‖ marker */
  const appended = (pkcs7: Buffer, info: Partial<Record<number, number>> = {}): Buffer => {
    const head = Buffer.alloc(12);
    head[2] = 2;
    head.writeUInt32BE(pkcs7.length, 8);
    for (const [at, byte] of Object.entries(info)) head[Number(at)] = byte as number;
    return Buffer.concat([content, pkcs7, head, MARKER]);
  };
  const cms = (kind: string, ...more: readonly string[]): Buffer => {
    const words = [
      "-sign",
      "-binary",
      "-outform",
      "DER",
      "-signer",
      path(`${kind}.crt`),
      "-inkey",
      path(`${kind}.key`),
    ];
    return execFileSync("openssl", ["cms", ...words, "-in", path("content"), ...more], {
      stdio: ["ignore", "pipe", "ignore"],
    });
  };
  const asSignFile = ["-noattr", "-nocerts", "-nosmimecap", "-md", "sha256"];
  const keysOf = (...kinds: string[]) =>
    new Keyring(kinds.map((kind) => readVerifyingKey(readFileSync(path(`${kind}.crt`)), kind)));
  const verdict = (
    file: Buffer,
    keys: Keyring,
    how: { attribute?: Buffer; type?: "imasig" | "imasig|modsig" } = {},
  ) => {
    const { status, cause } = appraise(
      {
        attribute: how.attribute,
        digest: (algorithm) => hashOf(algorithm, file),
        appended: () => readModSignature(file),
        verity: false,
        type: how.type ?? "imasig|modsig",
        algorithms: undefined,
      },
      keys,
    );
    return cause ?? status;
  };

  beforeAll(() => {
    writeFileSync(path("content"), content);
    for (const [kind, how] of [
      ["rsa", ["rsa:2048"]],
      ["ec", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]],
      ["p384", ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"]],
    ] as const) {
      const to = ["-nodes", "-keyout", path(`${kind}.key`), "-out", path(`${kind}.crt`), "-subj", `/CN=${kind}`];
      execFileSync("openssl", ["req", "-x509", "-newkey", ...how, ...to], { stdio: "ignore" });
    }
  });

  it.each(["rsa", "ec", "p384"])("%s: good under its key, and under no other", (kind) => {
    const file = appended(cms(kind, ...asSignFile));
    expect(verdict(file, keysOf(kind))).toBe("pass");
    expect(verdict(file, keysOf("rsa", "ec", "p384"))).toBe("pass");
    expect(verdict(file, keysOf(...["rsa", "ec", "p384"].filter((each) => each !== kind)))).toBe("invalid-signature");
    expect(verdict(file, new Keyring([]))).toBe("invalid-signature");
    expect(verdict(appended(cms(kind, "-noattr", "-md", "sha512", "-keyid")), keysOf(kind))).toBe("pass");
  });

  it("counts only where the rule allows it, and where the attribute leaves it open", () => {
    const file = appended(cms("ec", ...asSignFile));
    const signer = makeSigner("ec");
    const keys = keysOf("ec");
    const both = new Keyring([...keys.all(), readVerifyingKey(signer.der, "signer")]);
    expect(verdict(file, keys, { type: "imasig" })).toBe("IMA-signature-required");
    expect(verdict(file, keys, { attribute: hashOver(file) })).toBe("pass");
    expect(verdict(file, keys, { attribute: signatureOver(file, signer) })).toBe("pass");
    expect(verdict(file, both, { attribute: signatureOver(content, signer) })).toBe("invalid-signature");
    expect(verdict(file, both, { attribute: signatureOver(file, signer) })).toBe("pass");
    expect(verdict(content, keys)).toBe("IMA-signature-required");
  });

  it("never passes with any bit changed, truncated or with bytes after it", () => {
    const keys = keysOf("ec");
    const pkcs7 = cms("ec", ...asSignFile);
    const file = appended(pkcs7);
    for (let bit = 0; bit < file.length * 8; bit++) {
      const altered = Buffer.from(file);
      altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7));
      // The id of the key and the version are hints: the content is what is signed.
      const isOther = readModSignature(altered)?.digest.equals(hashOf(sha256, content) as Buffer) !== true;
      expect(isOther && verdict(altered, keys) === "pass", `bit ${bit}`).toBe(false);
    }
    for (let length = 0; length < file.length; length++)
      expect(verdict(file.subarray(0, length), keys), `${length} bytes`).not.toBe("pass");
    expect(verdict(Buffer.concat([file, Buffer.of(0)]), keys)).not.toBe("pass");
    for (let length = 0; length < pkcs7.length; length += 3)
      expect(verdict(appended(pkcs7.subarray(0, length)), keys), `${length} of PKCS#7`).not.toBe("pass");
  });

  it.each<[string, () => Buffer]>([
    ["signed attributes, which the kernel refuses for modules", () => appended(cms("ec", "-nocerts"))],
    ["the content inside", () => appended(cms("ec", ...asSignFile, "-nodetach"))],
    ["SHA-1", () => appended(cms("rsa", "-noattr", "-md", "sha1"))],
    ["two signers", () => appended(cms("ec", ...asSignFile, "-signer", path("rsa.crt"), "-inkey", path("rsa.key")))],
    ["no PKCS#7", () => appended(Buffer.from("3003020101", "hex"))],
    ["nothing", () => appended(Buffer.alloc(0))],
    ["a length past the start", () => appended(cms("ec", ...asSignFile), { 8: 0xff })],
    ["another kind of signature", () => appended(cms("ec", ...asSignFile), { 2: 1 })],
    ["other bytes where zeros belong", () => appended(cms("ec", ...asSignFile), { 0: 1 })],
    ["the marker alone", () => MARKER],
  ])("is no signature with %s", (_, file) => {
    expect(readModSignature(file())).toBeUndefined();
  });

  describe.skipIf(!isBuilt || !maySign)("in a real namespace, as root", () => {
    const bench = new Bench();

    it("a module is offered to the kernel if its signature is good, measured with it, and refused otherwise", async () => {
      const script = bench.path("load.py");
      writeFileSync(
        script,
        "import ctypes, os, sys\nlibc = ctypes.CDLL(None, use_errno=True)\nfor p in sys.argv[1:]:\n  libc.syscall(313, os.open(p, 0), b'', 0); print(ctypes.get_errno())\n",
      );
      writeFileSync(bench.path("module.der"), readFileSync(path("rsa.crt")));
      const pkcs7 = cms("rsa", ...asSignFile);
      const good = document(bench.place, "good.ko", "");
      writeFileSync(good, appended(pkcs7));
      const bad = document(bench.place, "bad.ko", "");
      writeFileSync(bad, Buffer.concat([Buffer.from("x"), appended(pkcs7)]));
      const which = `func=MODULE_CHECK fowner=${OWNER}`;
      const policy = `appraise ${which} appraise_type=imasig|modsig\nmeasure ${which} template=ima-modsig\n`;
      const outcome = await bench.learn(`python3 ${script} ${good} ${bad}`, {
        policy,
        more: ["--ima-key", bench.path("module.der")],
      });
      const [first, second] = outcome.stdout.trim().split("\n");
      expect(second).toBe("13");
      // The kernel's own answer: it is no module, or modules cannot be loaded here.
      expect(["1", "8", "38"]).toContain(first);
      expect(outcome.audit).toMatch(/cause=invalid-signature .*bad\.ko/);
      const entry = listOf(outcome).entries.find(({ template }) => template === "ima-modsig");
      expect(entry?.data.includes(pkcs7)).toBe(true);
      expect(entry?.data.includes(Buffer.concat([Buffer.from("sha256:\0"), hashOf(sha256, content) as Buffer]))).toBe(
        true,
      );
    });
  });
});

const sha256 = algorithmByName("sha256") as HashAlgorithm;
