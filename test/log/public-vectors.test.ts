/** What others published: proofs of trees, checkpoints and proofs of public logs, and what a witness is asked and answers. */
import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  endorsements,
  formatNote,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  parseSignature,
  parseVerifierKey,
  signerKey,
} from "../../packages/log/src/note/index.ts";
import { assertConsistent, assertIncluded, leafHash } from "../../packages/log/src/tree/index.ts";
import { Witness } from "../../packages/log/src/witness/index.ts";
import { MemoryStore } from "./logs.ts";

/** Name, index or size, size, leaf or root, root, proof, whether it holds; hashes by their place. A number above 2^53 is a text. */
type Case = readonly [string, number | string, number | string, number, number, readonly number[], boolean];

const vectors = (name: string) => JSON.parse(readFileSync(new URL(`vectors/${name}.json`, import.meta.url), "utf8"));
const bytes = (encoded: string) => Buffer.from(encoded, "base64");
const holds = (asserts: () => void): boolean => {
  try {
    asserts();
    return true;
  } catch (fault) {
    if ((fault as { code?: string }).code !== "bad-proof") throw fault;
    return false;
  }
};

describe("the vectors of transparency-dev/merkle", () => {
  const { hashes, inclusion, consistency } = vectors("merkle") as {
    readonly hashes: readonly string[];
    readonly inclusion: readonly Case[];
    readonly consistency: readonly Case[];
  };
  const hash = (place: number) => bytes(hashes[place] as string);
  /** Some have texts in place of roots. They compare as equal there, and are refused here. */
  const areHashes = (...places: readonly number[]) => places.every((place) => hash(place).length === 32);

  it.each(inclusion)("%s", (_, index, size, leaf, root, proof, isTrue) => {
    const tree = { size: Number(size), root: hash(root) };
    expect(holds(() => assertIncluded(hash(leaf), Number(index), tree, proof.map(hash)))).toBe(isTrue);
  });

  it.each(consistency)("%s", (_, from, to, before, after, proof, isTrue) => {
    const trees = [
      { size: Number(from), root: hash(before) },
      { size: Number(to), root: hash(after) },
    ] as const;
    expect(holds(() => assertConsistent(...trees, proof.map(hash)))).toBe(isTrue && areHashes(before, after));
  });
});

describe("a public log", () => {
  const { certificates, modules } = vectors("logs");

  it("of 961 984 013 certificates has one of them, and continues what it was", () => {
    const { size, root, entry, index, inclusion, before, consistency } = certificates;
    const tree = { size, root: bytes(root) };
    const path = inclusion.map(bytes);
    const old = { size: before.size, root: bytes(before.root) };
    expect(holds(() => assertIncluded(leafHash(bytes(entry)), index, tree, path))).toBe(true);
    expect(holds(() => assertIncluded(leafHash(bytes(entry)), index + 1, tree, path))).toBe(false);
    expect(holds(() => assertConsistent(old, tree, consistency.map(bytes)))).toBe(true);
    expect(holds(() => assertConsistent({ ...old, size: old.size + 1 }, tree, consistency.map(bytes)))).toBe(false);
  });

  it("of Go's modules has signed its checkpoint", () => {
    const key = parseVerifierKey(modules.key, "log");
    const note = parseNote(modules.checkpoint);
    expect(endorsements(note, [key])).toEqual([{ key, seconds: undefined }]);
    expect(parseCheckpoint(note)).toMatchObject({ origin: "go.sum database tree", size: 35_225_469 });
    // Its origin is not the name of its key; a policy of c2sp.org/tlog-policy finds the key by the origin.
    expect(() => openCheckpoint(modules.checkpoint, key)).toThrow(/origin/);
  });
});

describe("the conversation that litewitness is tested with", () => {
  const { log, publicKey, exchanges } = vectors("witness");
  const raw = Buffer.from(publicKey, "hex");
  const id = createHash("sha256").update(`${log}\n`).update(Uint8Array.of(1)).update(raw).digest().subarray(0, 4);
  const key = parseVerifierKey(
    `${log}+${id.toString("hex")}+${Buffer.concat([Uint8Array.of(1), raw]).toString("base64")}`,
    "log",
  );

  it("gets the same answers, and signatures that verify", () => {
    const signer = signerKey("witness.example/one", "witness");
    const witness = new Witness({ key: signer, logs: [key], store: new MemoryStore(), now: () => 1_780_000_000 });
    const answers = exchanges.map(({ body }: { body: string }) => witness.addCheckpoint(body));
    expect(answers.map(({ status }: { status: number }) => status)).toEqual(
      exchanges.map(({ status }: { status: number }) => status),
    );
    expect([answers[6].body, answers[8].body]).toEqual(["3\n", "5\n"]);
    const { text } = parseNote(exchanges[7].body.split("\n\n").slice(1).join("\n\n"));
    const cosigned = formatNote({ text, signatures: [parseSignature(answers[7].body.trim())] });
    expect(endorsements(parseNote(cosigned), [signer])).toEqual([{ key: signer, seconds: 1_780_000_000 }]);
  });
});
