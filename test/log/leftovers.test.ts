/** Partial tiles go once their tile is full and shown. Every reader takes the full one, and a removal costs no entry. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Fork, Mirror } from "../../packages/log/src/mirror/index.ts";
import { formatVerifierKey, openCheckpoint, signerKey } from "../../packages/log/src/note/index.ts";
import { parsePolicy, proveEntry } from "../../packages/log/src/proof/index.ts";
import { entriesAt, fetchConsistency, fetchEntries, nodesOf } from "../../packages/log/src/tiles/index.ts";
import { assertConsistent, assertIncluded, leafHash, rootOf } from "../../packages/log/src/tree/index.ts";
import {
  DirectoryStore,
  Edge,
  Log,
  type LogFiles,
  ObjectStore,
  readDirectory,
} from "../../packages/log/src/writer/index.ts";
import { isInstalled } from "../support/machine.ts";
import { entries, entry, MemoryStore, rootByDefinition } from "./logs.ts";
import { type Answered, ObjectServer } from "./object-server.ts";

const key = signerKey("example.com/log", "log", new Uint8Array(32).fill(1));
const policy = parsePolicy(`log ${formatVerifierKey(key)}\nquorum none\n`);
const free = () => true;
const folder = mkdtempSync(join(tmpdir(), "isoline-leftovers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let places = 0;
const place = () => join(folder, `log-${++places}`);
const tilesIn = (at: string, level: number | "entries") => readdirSync(join(at, "tile", String(level))).toSorted();
const textOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("utf8");

/** Appends one entry at a time; gives what the log showed at each size. */
async function grown(log: Log, size: number, shown: () => string): Promise<ReadonlyMap<number, string>> {
  const checkpoints = new Map<number, string>();
  while (log.head.size < size) {
    await log.append([entry(log.head.size)]);
    checkpoints.set(log.head.size, shown());
  }
  return checkpoints;
}

/** A directory from which nothing can be removed. */
class Keeping extends DirectoryStore {
  override remove(directory: string): void {
    throw new Error(`EPERM: operation not permitted, rmdir '${directory}'`);
  }
}

describe("a log to which one entry at a time is appended", () => {
  const SIZE = 600;
  const at = place();
  const read = readDirectory(at);
  let checkpoints: ReadonlyMap<number, string> = new Map();
  beforeAll(async () => {
    const log = await Log.create(new DirectoryStore(at, free), key);
    checkpoints = await grown(log, SIZE, () => textOf(read("checkpoint")));
    await log.close();
  }, 60_000);
  const OLD = [1, 3, 128, 255, 256, 257, 300, 511, 512, 513, 599];

  it("has partial tiles only where no tile is full", () => {
    expect(tilesIn(at, 0)).toEqual(["000", "001", "002.p"]);
    expect(tilesIn(at, "entries")).toEqual(["000", "001", "002.p"]);
    expect(tilesIn(at, 1)).toEqual(["000.p"]);
  });

  it.each(OLD)("serves readers with its checkpoint of %i entries", async (size) => {
    const shown = checkpoints.get(size) ?? "";
    const head = openCheckpoint(shown, key);
    const last = size - 1;
    const bundle = entries(last - (last % 256), size);
    expect(Buffer.from(rootOf(nodesOf(read, size), size))).toEqual(Buffer.from(head.root));
    expect(entriesAt(read, size, last >> 8)).toEqual(bundle);
    expect(await fetchEntries(read, size, last >> 8)).toEqual(bundle);
    const { hashes } = await proveEntry(read, last, shown);
    assertIncluded(leafHash(entry(last)), last, head, hashes);
    for (const before of OLD.filter((each) => each < size))
      assertConsistent(
        openCheckpoint(checkpoints.get(before) ?? "", key),
        head,
        await fetchConsistency(read, before, size),
      );
    expect(Buffer.from(Edge.read(read, size).root())).toEqual(Buffer.from(head.root));
  });

  it("is followed by a copy from each of these checkpoints on, which keeps no more partial tiles than it", async () => {
    const copy = place();
    const store = new DirectoryStore(copy, free);
    for (const size of OLD) {
      const mirror = new Mirror(store, policy);
      await mirror.follow((path) => (path === "checkpoint" ? Buffer.from(checkpoints.get(size) ?? "") : read(path)));
      expect(mirror.size).toBe(size);
    }
    expect([tilesIn(copy, 0), tilesIn(copy, "entries"), tilesIn(copy, 1)]).toEqual([
      ["000", "001", "002.p"],
      ["000", "001", "002.p"],
      ["000.p"],
    ]);
    const { checkpoint } = await new Mirror(store, policy).follow(read);
    expect(checkpoint.size).toBe(SIZE);
    const other = new MemoryStore();
    await (await Log.create(other, key)).append([...entries(0, 300), ...entries(900, 1300)]);
    await expect(new Mirror(store, policy).follow(other.read)).rejects.toThrow(Fork);
  });
});

describe("partial tiles", () => {
  it("stay until the checkpoint is shown that says that their tile is full", async () => {
    const at = place();
    const log = await Log.create(new DirectoryStore(at, free), key, { waitsForWitnesses: true });
    for (const size of [250, 300]) await log.append(entries(log.head.size, size));
    expect(tilesIn(at, "entries")).toEqual(["000", "000.p", "001.p"]);
    await log.publish(log.head, []);
    await log.close();
    expect(tilesIn(at, "entries")).toEqual(["000", "001.p"]);
  });

  it("that cannot be removed are said once and hold up nothing; the next process removes them with those of the next full tile", async () => {
    const at = place();
    const said: string[] = [];
    const first = await Log.create(new Keeping(at, free), key, { leftBehind: (what) => said.push(what) });
    for (const [from, to] of [
      [0, 250],
      [250, 300],
      [300, 500],
      [500, 600],
    ] as const)
      expect(await first.append(entries(from, to))).toBe(from);
    await first.close();
    expect(said).toEqual([expect.stringMatching(/^files stay that no reader needs.*EPERM.*no entry is lost/)]);
    expect(tilesIn(at, "entries")).toEqual(["000", "000.p", "001", "001.p", "002.p"]);
    const next = await Log.open(new DirectoryStore(at, free), key);
    await next.append(entries(600, 800));
    await next.close();
    expect(Buffer.from(next.head.root)).toEqual(Buffer.from(rootByDefinition(entries(0, 800))));
    expect([tilesIn(at, "entries"), tilesIn(at, 0)]).toEqual([
      ["000", "001", "002", "003.p"],
      ["000", "001", "002", "003.p"],
    ]);
  });

  it("stay where a process ended after it wrote the full tile and before it signed for it", async () => {
    let needed = 0;
    for (let step = 0; ; step++) {
      const begun = new MemoryStore();
      await (await Log.create(begun, key)).append(entries(0, 250));
      const store = new MemoryStore(
        begun.after(() => true),
        step,
      );
      const isDone = await Log.open(store, key)
        .then((log) => log.append(entries(250, 300)))
        .then(
          () => true,
          () => false,
        );
      const found = new MemoryStore(store.after(() => true));
      const log = await Log.open(found, key);
      await log.append([entry(9999)]);
      await log.close();
      const { size } = log.head;
      if (size < 256) needed++;
      expect(size > 256 || found.names("tile/entries").includes("000.p")).toBe(true);
      const next = await Log.open(found, key);
      expect(Buffer.from(next.head.root)).toEqual(
        Buffer.from(rootByDefinition([...entries(0, size - 1), entry(9999)])),
      );
      await next.append(entries(size, 600));
      await next.close();
      expect(found.names("tile/entries").toSorted()).toEqual(["000", "001", "002.p"]);
      if (isDone) break;
    }
    expect(needed).toBeGreaterThan(5);
  });
});

describe.skipIf(!isInstalled("moto_server"))("in an object store (needs python3-moto)", () => {
  const server = new ObjectServer();
  const open = (at: string) => new ObjectStore(server.bucket(at));
  beforeAll(() => server.start(), 60_000);
  afterAll(() => server.stop());
  afterEach(() => {
    server.lies = {};
  });

  const isRemoval = (method: string, path: string) => method === "DELETE" || (method === "POST" && path === "?delete");
  const refusal: Answered = { status: 403, headers: {}, body: Buffer.from("<Code>AccessDenied</Code>") };
  /** Which objects are there. */
  const there = async (files: LogFiles, paths: readonly string[]) => {
    const found = await Promise.all(paths.map(async (path) => ((await files.read(path)) === undefined ? [] : [path])));
    return found.flat();
  };
  const partials = (at: readonly (readonly [place: string, width: number])[]) =>
    at.flatMap(([place, width]) => ["0", "entries"].map((level) => `tile/${level}/${place}.p/${width}`));

  it("go with what was staged, in one request for a commit, and in two more at most where a tile became full", async () => {
    const at = `leftovers-${++places}`;
    const log = await Log.create(open(at), key);
    await log.append(entries(0, 253));
    await log.append([entry(253)]);
    await log.close();
    const removals: string[] = [];
    const staged: string[] = [];
    server.lies = {
      before: ({ method, path }) => {
        if (method === "PUT" && path.includes("/staged/")) staged.push(path.slice(at.length + 1));
        if (isRemoval(method, path)) removals.push(method);
        return undefined;
      },
    };
    const next = await Log.open(open(at), key);
    for (const size of [255, 258, 259]) await next.append(entries(next.head.size, size));
    await next.close();
    expect(removals.length).toBeLessThanOrEqual(4);
    expect(staged.length).toBe(3);
    const files = open(at);
    expect(await there(files, staged)).toEqual([]);
    const widths = partials([
      ["000", 253],
      ["000", 254],
      ["000", 255],
      ["001", 2],
      ["001", 3],
    ]);
    expect(await there(files, widths)).toEqual(
      partials([
        ["001", 2],
        ["001", 3],
      ]),
    );
    const shown = textOf(await files.read("checkpoint"));
    expect((await proveEntry(files.read, 254, shown)).index).toBe(254);
    expect(await fetchEntries(files.read, 254, 0)).toEqual(entries(0, 254));
  });

  it.each<[string, Answered]>([
    ["refuses each request", refusal],
    [
      "names objects that it did not remove",
      {
        ...{ status: 200, headers: {} },
        body: Buffer.from("<DeleteResult><Error><Key>a</Key><Code>AccessDenied</Code></Error></DeleteResult>"),
      },
    ],
  ])("stay where the store %s, which is said once, and costs no entry; they go when it permits", async (_, answer) => {
    const at = `leftovers-${++places}`;
    const said: string[] = [];
    server.lies = {
      before: ({ method, path }) => {
        if (!isRemoval(method, path)) return undefined;
        return method === "POST" || answer === refusal ? answer : undefined;
      },
    };
    const log = await Log.create(open(at), key, { leftBehind: (what) => said.push(what) });
    for (const size of [250, 255, 300, 301, 600]) await log.append(entries(log.head.size, size));
    await log.close();
    expect(said).toEqual([expect.stringMatching(/^files stay that no reader needs.*AccessDenied.*no entry is lost/)]);
    const widths = partials([
      ["000", 250],
      ["000", 255],
      ["001", 44],
      ["002", 88],
    ]);
    expect(await there(open(at), widths)).toEqual(widths);
    server.lies = {};
    const next = await Log.open(open(at), key);
    await next.append(entries(600, 800));
    await next.close();
    expect(Buffer.from(next.head.root)).toEqual(Buffer.from(rootByDefinition(entries(0, 800))));
    // Of the last full tile, and of the one that became full. Those before it a new process does not know.
    expect(await there(open(at), widths)).toEqual(
      partials([
        ["000", 250],
        ["000", 255],
      ]),
    );
  });
});
