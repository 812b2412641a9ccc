/** Another implementation, Debian's litetlog: its program verifies our checkpoints and proofs, and ours verify what it made. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { formatVerifierKey, signatureLine, signerKey, signNote } from "../../packages/log/src/note/index.ts";
import { formatProof, parsePolicy, parseProof, proveEntry, verifyProof } from "../../packages/log/src/proof/index.ts";
import { Log } from "../../packages/log/src/writer/index.ts";
import { isInstalled } from "../support/machine.ts";
import { entries, entry, MemoryStore } from "./logs.ts";

const FIRST_LINE = "c2sp.org/tlog-proof@v1\n";

describe.skipIf(!isInstalled("spicy-litetlog"))("proofs and Debian's spicy (needs litetlog)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-spicy-"));
  const at = (name: string) => join(place, name);
  const spicy = (...words: readonly string[]) =>
    execFileSync("spicy-litetlog", words, { cwd: place, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it("spicy verifies our checkpoint and our proof, with the signature of a witness beneath, and no other file", async () => {
    const key = signerKey("example.com/log", "log");
    const store = new MemoryStore();
    const log = await Log.create(store, key);
    await log.append(entries(0, 700));
    const text = log.signed.slice(0, log.signed.indexOf("\n\n") + 1);
    const shown = log.signed + signatureLine(signNote(text, signerKey("witness.example/one", "witness"), 1));
    for (const index of [0, 255, 256, 699]) {
      const proof = formatProof(await proveEntry(store.read, index, shown));
      writeFileSync(at(`entry-${index}`), entry(index));
      // Its proofs are of the form before it had a first line.
      writeFileSync(at(`entry-${index}.spicy`), proof.slice(FIRST_LINE.length));
      expect(spicy("-verify", formatVerifierKey(key), `entry-${index}`)).toBe("");
    }
    writeFileSync(at("entry-0"), entry(1));
    expect(() => spicy("-verify", formatVerifierKey(key), "entry-0")).toThrow(/could not verify inclusion/);
    const other = formatVerifierKey(signerKey("example.com/log", "log"));
    expect(() => spicy("-verify", other, "entry-699")).toThrow(/could not verify checkpoint/);
  });

  it("we verify the checkpoint and the proofs of a log that spicy made, and for no other entry", () => {
    spicy("-init", "example.com/theirs", "-key", "key", "-assets", ".");
    for (const name of ["a", "b", "c"]) writeFileSync(at(name), `file ${name}\n`);
    spicy("-key", "key", "-assets", ".", "a");
    spicy("-key", "key", "-assets", ".", "b", "c");
    const [, , , id = "", ...secret] = readFileSync(at("key"), "utf8").trim().split("+");
    const seed = Buffer.from(secret.join("+"), "base64").subarray(1);
    const key = signerKey("example.com/theirs", "log", seed);
    expect(key.id).toBe(id);
    const policy = parsePolicy(`log ${formatVerifierKey(key)}\nquorum none\n`);
    const proofs = ["a", "b", "c"].map((name) => parseProof(FIRST_LINE + readFileSync(at(`${name}.spicy`), "utf8")));
    const sizes = proofs.map((proof, index) => verifyProof(Buffer.from(`file ${"abc"[index]}\n`), proof, policy).size);
    expect(sizes).toEqual([1, 3, 3]);
    expect(() => verifyProof(Buffer.from("file a\n"), proofs[1] ?? proofs[0]!, policy)).toThrow(/another root/);
  });
});
