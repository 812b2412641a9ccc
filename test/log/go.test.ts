/** Go's own transparency log reads ours through its tiles, and ours verifies what Go made: trees, proofs, notes, witnesses' signatures. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatVerifierKey, openCheckpoint, signerKey, signNote } from "../../packages/log/src/note/index.ts";
import { nodesOf } from "../../packages/log/src/tiles/index.ts";
import {
  assertConsistent,
  assertIncluded,
  consistencyProof,
  inclusionProof,
  leafHash,
  rootOf,
} from "../../packages/log/src/tree/index.ts";
import { DirectoryStore, Log } from "../../packages/log/src/writer/index.ts";
import { isCI, isInstalled } from "../support/machine.ts";
import { entries, entry } from "./logs.ts";

const CODE = "/usr/share/gocode";
const needed = ["golang.org/x/mod/sumdb/tlog", "github.com/transparency-dev/formats/note"];
const isThere = isInstalled("go") && needed.every((path) => existsSync(`${CODE}/src/${path}`));
const [SIZE, BEFORE] = [66_000, 65_300];
const hashes = (encoded: readonly string[]) => encoded.map((hash) => Buffer.from(hash, "base64"));
const encoded = (proof: readonly Uint8Array[]) => proof.map((hash) => Buffer.from(hash).toString("base64"));

describe.skipIf(!isCI || !isThere)("a log and Go's golang.org/x/mod/sumdb (in CI, needs its Debian package)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-go-"));
  const at = (name: string) => join(place, name);
  const run = (...words: readonly string[]) =>
    JSON.parse(execFileSync(at("other"), words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }));
  const log = signerKey("example.com/log", "log");
  const witness = signerKey("witness.example/one", "witness", Buffer.alloc(32, 5));
  /** Go makes the key of a witness from one of a log, with the same name and public key. */
  const named = signerKey("witness.example/one", "log", Buffer.alloc(32, 5));

  beforeAll(async () => {
    const env = {
      ...process.env,
      GO111MODULE: "off",
      GOPATH: CODE,
      GOTOOLCHAIN: "local",
      GOCACHE: at("cache"),
      CGO_ENABLED: "0",
    };
    const source = fileURLToPath(new URL("go/main.go", import.meta.url));
    execFileSync("go", ["build", "-trimpath", "-o", at("other"), source], { env, cwd: place });
    const written = await Log.create(new DirectoryStore(at("log"), () => true), log, { waitsForWitnesses: true });
    await written.append(entries(0, SIZE));
    const text = written.signed.slice(0, written.signed.indexOf("\n\n") + 1);
    await written.publish(written.head, [signNote(text, witness, 1_780_000_000)]);
    await written.close();
    writeFileSync(at("entry"), entry(40_000));
  }, 300_000);
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  const words = (index: number) => {
    const keys = [log, named].map(formatVerifierKey);
    return ["verify", at("log"), ...keys, String(index), at("entry"), String(BEFORE)];
  };

  it("Go verifies our checkpoint, the signature of our witness and our tiles, and makes the proofs that we make", () => {
    const read = (path: string) => (existsSync(at(`log/${path}`)) ? readFileSync(at(`log/${path}`)) : undefined);
    const nodes = nodesOf(read, SIZE);
    expect(run(...words(40_000))).toEqual({
      size: SIZE,
      inclusion: encoded(inclusionProof(nodes, 40_000, SIZE)),
      before: Buffer.from(rootOf(nodes, BEFORE)).toString("base64"),
      consistency: encoded(consistencyProof(nodes, BEFORE, SIZE)),
    });
  });

  it("Go refuses another entry, another key and a tile that was changed", () => {
    expect(() => run(...words(40_001))).toThrow(/invalid transparency proof/);
    const stranger = formatVerifierKey(signerKey("example.com/log", "log"));
    expect(() => run(...words(40_000).with(2, stranger))).toThrow(/signatures/);
    const tile = readFileSync(at("log/tile/0/156"));
    writeFileSync(at("log/tile/0/156"), Buffer.from(tile).fill(0, 100, 101));
    expect(() => run(...words(40_000))).toThrow(/inconsistent tile|invalid transparency proof/);
    writeFileSync(at("log/tile/0/156"), tile);
  });

  it("we verify the log that Go made, with the signature of its witness", () => {
    const [seed, witnessSeed] = [Buffer.alloc(32, 3), Buffer.alloc(32, 4)];
    const made = run("make", seed.toString("hex"), witnessSeed.toString("hex"), "1000", "300", "777");
    const [key, other] = [
      signerKey("example.com/go", "log", seed),
      signerKey("witness.example/go", "witness", witnessSeed),
    ];
    const opened = openCheckpoint(made.checkpoint, key, [other]);
    expect(opened).toMatchObject({ size: 1000, witnesses: [{ key: other }] });
    const before = { size: 777, root: Buffer.from(made.before, "base64") };
    const leaf = leafHash(Buffer.from("entry 300 of Go"));
    expect(() => assertIncluded(leaf, 300, opened, hashes(made.inclusion))).not.toThrow();
    expect(() => assertConsistent(before, opened, hashes(made.consistency))).not.toThrow();
    expect(() => assertIncluded(leaf, 301, opened, hashes(made.inclusion))).toThrow(/another root/);
  });
});
