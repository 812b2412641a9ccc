/** What a witness signed is its memory: it does not start without it, nor with that of another one. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatVerifierKey, signerKey } from "../../packages/log/src/note/index.ts";
import { claimMemory, hashOf, Witness } from "../../packages/log/src/witness/index.ts";
import { Log } from "../../packages/log/src/writer/index.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { entries, MemoryStore } from "./logs.ts";

const log = signerKey("example.com/log", "log", Buffer.alloc(32, 1));
const own = signerKey("witness.example/one", "witness", Buffer.alloc(32, 2));
const other = signerKey("witness.example/one", "witness", Buffer.alloc(32, 3));
const refusal = (message: RegExp) =>
  expect.objectContaining({ code: "no-memory", message: expect.stringMatching(message) });

/** The names of the files of a witness that signed of this log. */
const kept = [hashOf(log.name)];

/** What a witness has kept that signed three entries. */
async function signed(key = own): Promise<MemoryStore> {
  const [store, files] = [new MemoryStore(), new MemoryStore()];
  const { signed: checkpoint } = await Log.create(files, log).then(async (begun) => {
    await begun.append(entries(0, 3));
    return begun;
  });
  const witness = new Witness({ key, logs: [log], store, now: () => 1_700_000_000 });
  expect(witness.addCheckpoint(`old 0\n\n${checkpoint}`).status).toBe(200);
  return store;
}

describe("the memory of a witness", () => {
  it("is refused where it is empty, and writes nothing then; it begins with the first start of the key, once", () => {
    const store = new MemoryStore();
    const claim = (isFirst: boolean) => () => claimMemory(store, own, [], isFirst);
    expect(claim(false)).toThrow(refusal(/expected the memory of witness\.example\/one, found none.*--first$/));
    expect(claim(false)).toThrow(refusal(/found none/));
    claim(true)();
    claim(false)();
    expect(claim(true)).toThrow(refusal(/leave out --first$/));
  });

  it("is that of an earlier isoline where the witness's signature is in it, and has an owner then", async () => {
    const store = await signed();
    expect(() => claimMemory(store, own, kept, true)).toThrow(refusal(/leave out --first$/));
    claimMemory(store, own, kept, false);
    store.write(hashOf(log.name), Buffer.from("lost\n"));
    claimMemory(store, own, kept, false);
  });

  it("is refused where another key signed what is in it, with and without an owner", async () => {
    const store = await signed(other);
    expect(() => claimMemory(store, own, kept, false)).toThrow(refusal(/found what no signature of its key is under/));
    claimMemory(store, other, kept, false);
    expect(() => claimMemory(store, own, kept, false)).toThrow(refusal(/found that of witness\.example\/one\+/));
  });
});

it("does not become another witness's at its first start, with and without an owner", async () => {
  const store = await signed(other);
  const before = store.read(hashOf(log.name));
  const first = () => claimMemory(store, own, kept, true);
  expect(first).toThrow(
    refusal(/expected a new directory for the first start of witness\.example\/one, found what no/),
  );
  claimMemory(store, other, kept, false);
  expect(first).toThrow(refusal(/found that of witness\.example\/one\+.*: name another directory$/));
  claimMemory(store, other, kept, false);
  expect(store.read(hashOf(log.name))).toBe(before);
});

describe.skipIf(!isBuilt)("isoline log witness (needs a build)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-memory-"));
  const start = (directory: string, ...more: readonly string[]) =>
    isoline(
      [
        ...["log", "witness", directory, "--listen", "127.0.0.1:0", "--name", own.name],
        ...["--key", "w.pem", "--log", formatVerifierKey(log), ...more],
      ],
      { cwd: place },
    );

  beforeAll(() => {
    writeFileSync(join(place, "w.pem"), own.secret.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    mkdirSync(join(place, "unmounted"));
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it("knows its memory of an earlier isoline by any log in it; and takes not that of another witness with --first", async () => {
    const [own1, other1] = [await signed(), await signed(other)];
    const unnamed = "f".repeat(64);
    for (const [directory, store] of [
      ["earlier", own1],
      ["others", other1],
    ] as const) {
      mkdirSync(join(place, directory));
      writeFileSync(join(place, directory, unnamed), store.read(hashOf(log.name)) ?? "");
    }
    const said = [await start("earlier", "--first"), await start("others", "--first"), await start("others")];
    expect(said.map(({ status, stderr }) => [status, stderr])).toEqual([
      [1, expect.stringMatching(/has a memory here already.*leave out --first\n$/)],
      [1, expect.stringMatching(/expected a new directory for the first start of .*: name another directory\n$/)],
      [1, expect.stringMatching(/expected the memory of witness\.example\/one and its key, found what no signature/)],
    ]);
    expect(["earlier", "others"].map((directory) => readdirSync(join(place, directory)))).toEqual([
      [unnamed],
      [unnamed],
    ]);
  });

  it.each(["mistyped", "unmounted"])(
    "does not start on a directory that is %s, and makes nothing",
    async (directory) => {
      const { status, stdout, stderr } = await start(directory);
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr).toMatch(/expected the memory of witness\.example\/one, found none: .*begin with --first\n$/);
      expect(existsSync(join(place, "mistyped"))).toBe(false);
      expect(readdirSync(join(place, "unmounted"))).toEqual([]);
    },
  );
});
