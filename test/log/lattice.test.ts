/** Witnesses that sign with ML-DSA-44: what NIST, torchwood and OpenSSL make is understood, and nothing that was changed. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  checkpointText,
  endorsements,
  formatNote,
  formatVerifierKey,
  latticeSeedIn,
  latticeWitness,
  openCheckpoint,
  parseNote,
  parseVerifierKey,
  signatureLine,
  signerKey,
  type SignerKey,
  signNote,
} from "../../packages/log/src/note/index.ts";
import { openWitnessed, parsePolicy } from "../../packages/log/src/proof/index.ts";
import { leafHash } from "../../packages/log/src/tree/index.ts";
import { askWitness, serveWitness, Witness } from "../../packages/log/src/witness/index.ts";
import { Log } from "../../packages/log/src/writer/index.ts";
import { entries, MemoryStore } from "./logs.ts";

const { key: made, checkpoint: signed } = JSON.parse(
  readFileSync(new URL("vectors/lattice.json", import.meta.url), "utf8"),
);
const NOW = 1_780_000_000;
const log = signerKey("example.com/log", "log", new Uint8Array(32).fill(1));
const witness = latticeWitness("witness.example/one", new Uint8Array(32).fill(2));
const head = { origin: log.name, size: 7, root: leafHash(new Uint8Array()) };
const text = checkpointText(head);
const note = formatNote({ text, signatures: [signNote(text, log), signNote(text, witness, NOW)] });

/** What is signed, by the words of c2sp.org/tlog-cosignature. */
function message(name: string, seconds: number): Buffer {
  const number = (value: number) => Buffer.from(value.toString(16).padStart(16, "0"), "hex");
  const counted = (given: string) => Buffer.concat([Buffer.from([given.length]), Buffer.from(given)]);
  return Buffer.concat([
    ...[
      Buffer.from("subtree/v1\n\0"),
      counted(name),
      number(seconds),
      counted(head.origin),
      number(0),
      number(head.size),
    ],
    head.root,
  ]);
}

describe("ML-DSA-44", () => {
  it("makes of NIST's seed the public key that NIST has", () => {
    const { publicKey } = latticeWitness("any", Buffer.from(made.seed, "hex"));
    expect(Buffer.from(publicKey).toString("hex")).toBe(made.publicKey.toLowerCase());
  });

  it("verifies the checkpoint that torchwood tests with, and with no other size", () => {
    const known = parseVerifierKey(signed.key, "witness");
    expect(endorsements(parseNote(signed.note), [known])).toEqual([{ key: known, seconds: 0 }]);
    expect(formatVerifierKey(known)).toBe(signed.key);
    const other = parseNote(signed.note.replace("\n1\n", "\n2\n"));
    expect(() => endorsements(other, [known])).toThrow(/does not verify/);
  });

  it("is refused with any part of note or signature changed, cut off or longer", () => {
    const [, own = ""] = note.trimEnd().split("\n").slice(-2);
    const { name, id, signature } = signNote(text, witness, NOW);
    const opens = (changed: Uint8Array, of = text) =>
      endorsements({ text: of, signatures: [{ name, id, signature: changed }] }, [witness]);
    expect(own.length).toBeGreaterThan(3000);
    expect(opens(signature)).toEqual([{ key: witness, seconds: NOW }]);
    for (const at of [0, 7, 8, 39, 40, 1000, 2343, 2344, signature.length - 1])
      expect(() => opens(signature.map((byte, place) => (place === at ? byte ^ 1 : byte)))).toThrow(/does not verify/);
    for (const changed of [
      signature.subarray(0, -1),
      Buffer.concat([signature, Buffer.alloc(1)]),
      signature.subarray(0, 72),
    ])
      expect(() => opens(changed)).toThrow(/does not verify/);
    for (const changed of [
      checkpointText({ ...head, size: 8 }),
      checkpointText({ ...head, origin: "example.com/gol" }),
    ])
      expect(() => opens(signature, changed)).toThrow(/does not verify/);
    expect(() => opens(signature, "no checkpoint\n")).toThrow(/three lines/);
  });

  it("vouches for one name: the same key under another one does not verify it, as with Ed25519 it would", () => {
    const moved = (key: SignerKey, other: SignerKey) =>
      endorsements({ text, signatures: [{ ...signNote(text, key, NOW), name: other.name, id: other.id }] }, [other]);
    const seed = new Uint8Array(32).fill(3);
    expect(() => moved(latticeWitness("a", seed), latticeWitness("b", seed))).toThrow(/does not verify/);
    expect(moved(signerKey("a", "witness", seed), signerKey("b", "witness", seed))).toHaveLength(1);
  });

  it("is the key of a witness and of nothing else, in its own length", () => {
    const { name } = witness;
    expect(() => parseVerifierKey(formatVerifierKey(witness), "log")).toThrow(/key of a log \(ed25519, type 1\)/);
    for (const bytes of [Buffer.alloc(33, 6), Buffer.concat([Buffer.from([4]), Buffer.alloc(1312)]), Buffer.from([6])])
      expect(() => parseVerifierKey(`${name}+00000000+${bytes.toString("base64")}`, "witness")).toThrow(/copy the key/);
    expect(formatVerifierKey(witness).length).toBeGreaterThan(1700);
  });
});

const hasOpenssl = /ML-DSA-44/.test(
  execFileSync("sh", ["-c", "openssl list -signature-algorithms || true"], { encoding: "utf8" }),
);

describe.skipIf(!hasOpenssl)("OpenSSL and ML-DSA-44 (needs OpenSSL 3.5)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-lattice-"));
  const at = (name: string) => join(place, name);
  const openssl = (...words: readonly string[]) => execFileSync("openssl", words, { cwd: place, stdio: "pipe" });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it.each([
    ["seed-priv", /.{2000}/],
    ["seed-only", /^.{10,150}$/],
  ])("a key that it made as %s is read; each verifies what the other signed", (form, length) => {
    openssl("genpkey", "-algorithm", "ML-DSA-44", "-provparam", `ml-dsa.output_formats=${form}`, "-out", "key.pem");
    openssl("pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "key.pub");
    const pem = readFileSync(at("key.pem"), "utf8");
    expect(pem.replaceAll(/-----[^-]+-----|\n/g, "")).toMatch(length);
    const key = latticeWitness("witness.example/openssl", latticeSeedIn(pem));
    expect(Buffer.from(key.publicKey)).toEqual(readFileSync(at("key.pub")).subarray(-1312));
    const bytes = message(key.name, NOW);
    writeFileSync(at("message"), bytes);
    writeFileSync(at("ours"), signNote(text, key, NOW).signature.subarray(8));
    const public_ = [
      "-verify",
      "-pubin",
      "-keyform",
      "DER",
      "-inkey",
      "key.pub",
      "-rawin",
      "-in",
      "message",
      "-sigfile",
    ];
    expect(String(openssl("pkeyutl", ...public_, "ours"))).toMatch(/Verified Successfully/);
    openssl("pkeyutl", "-sign", "-inkey", "key.pem", "-rawin", "-in", "message", "-out", "theirs");
    const signature = Buffer.concat([
      bytes.subarray(12 + 1 + key.name.length).subarray(0, 8),
      readFileSync(at("theirs")),
    ]);
    expect(endorsements({ text, signatures: [{ name: key.name, id: key.id, signature }] }, [key])).toEqual([
      { key, seconds: NOW },
    ]);
  });

  it("a key without its seed, or with another one, is refused, and one of another algorithm is not taken for it", () => {
    openssl("genpkey", "-algorithm", "ML-DSA-44", "-provparam", "ml-dsa.output_formats=priv-only", "-out", "bare.pem");
    openssl("genpkey", "-algorithm", "ML-DSA-44", "-out", "whole.pem");
    openssl("genpkey", "-algorithm", "ML-DSA-65", "-out", "larger.pem");
    const read = (name: string) => readFileSync(at(name), "utf8");
    expect(() => latticeSeedIn(read("bare.pem"))).toThrow(/with its seed, got one without/);
    const der = Buffer.from(read("whole.pem").replaceAll(/-----[^-]+-----|\n/g, ""), "base64");
    der[40] = (der[40] as number) ^ 1;
    const changed = `-----BEGIN PRIVATE KEY-----\n${der.toString("base64")}\n-----END PRIVATE KEY-----\n`;
    expect(() => latticeSeedIn(changed)).toThrow(/damaged/);
    expect(latticeSeedIn(read("larger.pem"))).toBeUndefined();
  });
});

describe("a witness with ML-DSA-44", () => {
  const started: ReturnType<typeof serveWitness>[] = [];
  afterAll(() => {
    for (const server of started) server.closeAllConnections();
    for (const server of started) server.close();
  });
  async function running(key: SignerKey, now = NOW) {
    const server = serveWitness(new Witness({ key, logs: [log], store: new MemoryStore(), now: () => now }));
    started.push(server);
    await once(server.listen(0, "127.0.0.1"), "listening");
    return { key, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
  }
  async function grown(from: number): Promise<{ log: Log; store: MemoryStore }> {
    const store = new MemoryStore();
    const begun = await Log.create(store, log, { waitsForWitnesses: true });
    await begun.append(entries(from, from + 20));
    return { log: begun, store };
  }
  const policyOf = (quorum: string, ...keys: readonly SignerKey[]) =>
    parsePolicy(
      [
        `log ${formatVerifierKey(log)}`,
        ...keys.map((key, place) => `witness w${place} ${formatVerifierKey(key)}`),
        `group all-of-them all ${keys.map((_, place) => `w${place}`).join(" ")}`,
        `quorum ${quorum}`,
      ].join("\n"),
    );

  it("signs as a log grows, counts in a policy beside one with Ed25519, and signs no second history", async () => {
    const [one, two] = [await running(witness), await running(signerKey("witness.example/two", "witness"))];
    const { log: growing, store } = await grown(0);
    await growing.append(entries(20, 300));
    const signatures = await Promise.all([one, two].map((each) => askWitness(each, growing.signed, store.read)));
    const policy = policyOf("all-of-them", one.key, two.key);
    const shown = growing.signed + signatures.map(signatureLine).join("");
    expect(openWitnessed(shown, log.name, policy)).toMatchObject({ size: 300 });
    expect(() =>
      openWitnessed(growing.signed + signatures.slice(1).map(signatureLine).join(""), log.name, policy),
    ).toThrow(/too few witnesses/);
    await growing.append(entries(300, 301));
    expect(await askWitness(one, growing.signed, store.read)).toMatchObject({ name: witness.name });
    const fork = await grown(5);
    await fork.log.append(entries(25, 400));
    await expect(askWitness(one, fork.log.signed, fork.store.read)).rejects.toThrow(/answered 422/);
  });

  it("is not believed without a time", async () => {
    const { log: growing, store } = await grown(0);
    const timeless = await running(latticeWitness("witness.example/timeless"), 0);
    await expect(askWitness(timeless, growing.signed, store.read)).rejects.toThrow(/has no time/);
  });

  it("that signs two views deceives who asks for it alone; another one in the quorum does not let it, and both notes prove it", async () => {
    const honest = await running(signerKey("witness.example/honest", "witness"));
    const [one, other] = [await grown(0), await grown(5)];
    const byDishonest = (given: string) =>
      given + signatureLine(signNote(given.slice(0, given.indexOf("\n\n") + 1), witness, NOW));
    const views = [one, other].map(({ log: { signed: given } }) => byDishonest(given));
    const alone = policyOf("w0", witness);
    expect(views.map((view) => openWitnessed(view, log.name, alone).size)).toEqual([20, 20]);
    const both = policyOf("all-of-them", witness, honest.key);
    const seen = signatureLine(await askWitness(honest, one.log.signed, one.store.read));
    expect(openWitnessed(views[0] + seen, log.name, both).size).toBe(20);
    await expect(askWitness(honest, other.log.signed, other.store.read)).rejects.toThrow(/does not sign/);
    expect(() => openWitnessed(views[1] ?? "", log.name, both)).toThrow(/too few witnesses/);
    // Who has both has the proof: one size, two roots, each signed by the log and by the witness.
    const [a, b] = views.map((view) => openCheckpoint(view, log, [witness]));
    expect([a?.size, a?.witnesses.length, b?.witnesses.length]).toEqual([b?.size, 1, 1]);
    expect(Buffer.from(a?.root ?? []).equals(Buffer.from(b?.root ?? []))).toBe(false);
  });
});
