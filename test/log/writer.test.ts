/** A log on disk: what it says is in it is in it, after each batch, each end and each damage. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint, signerKey } from "../../packages/log/src/note/index.ts";
import { entriesAt, nodesOf } from "../../packages/log/src/tiles/index.ts";
import {
  assertConsistent,
  assertIncluded,
  consistencyProof,
  inclusionProof,
  leafHash,
} from "../../packages/log/src/tree/index.ts";
import { Batches, CHECKPOINT, DirectoryStore, Log, readDirectory } from "../../packages/log/src/writer/index.ts";
import { isCI } from "../support/machine.ts";
import { entries, entry, MemoryStore, PowerFailure, rootByDefinition } from "./logs.ts";

const key = signerKey("example.com/log", "log", new Uint8Array(32).fill(1));
const free = () => true;
const places: string[] = [];
afterEach(() => {
  for (const place of places.splice(0)) rmSync(place, { recursive: true, force: true });
});

function directory(): string {
  const place = mkdtempSync(join(tmpdir(), "isoline-log-"));
  places.push(place);
  return place;
}

const headOf = (read: (path: string) => Uint8Array | undefined) =>
  openCheckpoint(Buffer.from(read(CHECKPOINT) ?? []).toString("utf8"), key);

describe("appending", () => {
  it("gives the tree of RFC 6962 after each batch, with its proofs and entries readable from the files", async () => {
    const store = new DirectoryStore(directory(), free);
    const log = await Log.create(store, key);
    let last = log.head;
    let size = 0;
    for (const batch of [1, 1, 3, 250, 1, 1, 255, 256, 257, 1000]) {
      expect(await log.append(entries(size, size + batch))).toBe(size);
      size += batch;
      const head = headOf(store.read);
      expect(Buffer.from(head.root)).toEqual(Buffer.from(rootByDefinition(entries(0, size))));
      assertConsistent(last, head, consistencyProof(nodesOf(store.read, size), last.size, size));
      for (const index of [0, size >> 1, size - 1])
        assertIncluded(leafHash(entry(index)), index, head, inclusionProof(nodesOf(store.read, size), index, size));
      last = head;
    }
    const found = Array.from({ length: Math.ceil(size / 256) }, (_, place) =>
      entriesAt(store.read, size, place),
    ).flat();
    expect(found.map((each) => Buffer.from(each).toString())).toEqual(
      entries(0, size).map((each) => Buffer.from(each).toString()),
    );
    await log.close();
  });

  it("goes on in another process's place, with tiles of 65 536 entries above each other", async () => {
    const place = directory();
    const first = await Log.create(new DirectoryStore(place, free), key);
    await first.append(entries(0, 65_530));
    await first.close();
    const second = await Log.open(new DirectoryStore(place, free), key);
    expect(await second.append(entries(65_530, 65_800))).toBe(65_530);
    expect(Buffer.from(second.head.root)).toEqual(Buffer.from(rootByDefinition(entries(0, 65_800))));
    await second.close();
    const read = readDirectory(place);
    expect(statSync(join(place, "tile/1/000")).size).toBe(8192);
    expect(statSync(join(place, "tile/2/000.p/1")).size).toBe(32);
    assertIncluded(leafHash(entry(65_535)), 65_535, second.head, inclusionProof(nodesOf(read, 65_800), 65_535, 65_800));
  });

  it("takes many entries with one signature, each with its own index", async () => {
    const log = await Log.create(new MemoryStore(), key);
    const batches = new Batches(log);
    const indexes = await Promise.all(entries(0, 5000).map((each) => batches.add(each)));
    expect(indexes).toEqual(Array.from({ length: 5000 }, (_, index) => index));
    expect(log.head.size).toBe(5000);
    await expect(batches.add(new Uint8Array(65_536))).rejects.toThrow(/log its digest/);
  });

  it("refuses an entry that is too large and stays as it was", async () => {
    const log = await Log.create(new MemoryStore(), key);
    await expect(log.append([entry(0), new Uint8Array(65_536)])).rejects.toThrow(/at most 65535 bytes/);
    expect(await log.append([entry(0)])).toBe(0);
  });
});

describe("a power failure", () => {
  let durable: ReadonlyMap<string, Uint8Array>;
  beforeAll(async () => {
    const before = new MemoryStore();
    const begun = await Log.create(before, key);
    await begun.append(entries(0, 254));
    durable = before.after(() => false);
  });

  /** How many entries were acknowledged. */
  async function appendUntilFailure(store: MemoryStore): Promise<number> {
    let acknowledged = 254;
    try {
      const log = await Log.open(store, key);
      await log.append(entries(254, 257));
      acknowledged = 257;
      await log.append(entries(257, 300));
      acknowledged = 300;
    } catch (fault) {
      if (!(fault instanceof PowerFailure)) throw fault;
    }
    return acknowledged;
  }

  it.each([
    ["no file", () => false],
    ["every file", () => true],
    ["each checkpoint", (path: string) => !path.startsWith("tile/")],
    ["each tile", (path: string) => path.startsWith("tile/")],
  ])("at any step loses no entry that was acknowledged, where %s is kept that was not settled", async (_, keeps) => {
    let isWhole = false;
    for (let step = 0; !isWhole && step < 100; step++) {
      const store = new MemoryStore(durable, step);
      const acknowledged = await appendUntilFailure(store);
      isWhole = acknowledged === 300;
      const found = new MemoryStore(store.after(keeps));
      const log = await Log.open(found, key);
      const { size } = log.head;
      expect(size).toBeGreaterThanOrEqual(acknowledged);
      expect(Buffer.from(log.head.root)).toEqual(Buffer.from(rootByDefinition(entries(0, size))));
      // Other entries than before: the tiles that were left behind are replaced.
      await log.append([entry(9999)]);
      expect(Buffer.from((await Log.open(found, key)).head.root)).toEqual(
        Buffer.from(rootByDefinition([...entries(0, size), entry(9999)])),
      );
    }
    expect(isWhole).toBe(true);
  });
});

/** Each round takes about a second. */
const ROUNDS = isCI ? 20 : 5;

describe("a process that is killed", () => {
  it("has lost nothing that it acknowledged, again and again", async () => {
    const place = directory();
    await (await Log.create(new DirectoryStore(place, free), key)).close();
    const program = fileURLToPath(new URL("appender.mjs", import.meta.url));
    let sizes = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const child = spawn(process.execPath, [program, place], { stdio: ["ignore", "pipe", "inherit"] });
      let acknowledged = 0;
      const lines = createInterface({ input: child.stdout });
      lines.on("line", (line) => {
        acknowledged = Number(line);
        if (acknowledged > sizes + 50 * (round + 1)) child.kill("SIGKILL");
      });
      await once(child, "close");
      const log = await Log.open(new DirectoryStore(place, free), key);
      expect(log.head.size).toBeGreaterThanOrEqual(acknowledged);
      expect(acknowledged).toBeGreaterThan(sizes);
      sizes = log.head.size;
      await log.close();
    }
    expect(Buffer.from(headOf(readDirectory(place)).root)).toEqual(Buffer.from(rootByDefinition(entries(0, sizes))));
  });
});

describe("a log that cannot be continued", () => {
  async function made(): Promise<string> {
    const place = directory();
    const log = await Log.create(new DirectoryStore(place, free), key);
    await log.append(entries(0, 700));
    await log.close();
    return place;
  }
  const opening =
    (place: string, by = key) =>
    () =>
      Log.open(new DirectoryStore(place, free), by);

  it("is refused where another process appends", async () => {
    const place = await made();
    expect(() => new DirectoryStore(place, () => false)).toThrow(/another process appends/);
  });

  it("is refused without its memory, and is not begun anew over it", async () => {
    const place = await made();
    await expect(Log.create(new DirectoryStore(place, free), key)).rejects.toThrow(/there is a log already/);
    rmSync(join(place, "committed"));
    await expect(opening(place)()).rejects.toThrow(/there is no log here/);
    await expect(Log.create(new DirectoryStore(place, free), key)).rejects.toThrow(/there is a log already/);
  });

  it("is refused with another key", async () => {
    const place = await made();
    await expect(opening(place, signerKey("example.com/log", "log"))()).rejects.toThrow(/check the key/);
  });

  it("is refused when any file of its edge is changed, short or missing", async () => {
    const files = execFileSync("find", ["tile", "-name", "*188", "-type", "f"], {
      cwd: await made(),
      encoding: "utf8",
    });
    expect(files.trim().split("\n").toSorted()).toEqual(["tile/0/002.p/188", "tile/entries/002.p/188"]);
    for (const file of [...files.trim().split("\n"), "tile/1/000.p/2"]) {
      const [changed, short, missing] = [await made(), await made(), await made()];
      const bytes = readFileSync(join(changed, file));
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
      writeFileSync(join(changed, file), bytes);
      writeFileSync(join(short, file), bytes.subarray(0, -1));
      rmSync(join(missing, file));
      for (const place of [changed, short, missing]) await expect(opening(place)()).rejects.toThrow(/from a copy/);
    }
  });

  it("leaves no unfinished file behind", async () => {
    const place = await made();
    writeFileSync(join(place, ".unfinished"), "half");
    await (await opening(place)()).close();
    expect(readdirSync(place).toSorted()).toEqual(["checkpoint", "committed", "tile"]);
  });
});
