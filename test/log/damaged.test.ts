/** Each file of a log, damaged in each way, and the readers of it: they end after few requests, and say what does not fit. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { Mirror } from "../../packages/log/src/mirror/index.ts";
import { formatVerifierKey, signerKey } from "../../packages/log/src/note/index.ts";
import { parsePolicy } from "../../packages/log/src/proof/index.ts";
import { DirectoryStore } from "../../packages/log/src/store/index.ts";
import { entriesAt } from "../../packages/log/src/tiles/index.ts";
import { Log } from "../../packages/log/src/writer/index.ts";
import { entries, MemoryStore } from "./logs.ts";

const key = signerKey("example.com/log", "log", new Uint8Array(32).fill(1));
const policy = parsePolicy(`log ${formatVerifierKey(key)}\nquorum none\n`);
/** One full tile, and one that is not. */
const SIZE = 300;
const MOST_REQUESTS = 40;

type Damage = (bytes: Uint8Array) => Uint8Array | undefined;
const flipped =
  (at: number): Damage =>
  (bytes) =>
    bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
const ways: readonly (readonly [string, Damage])[] = [
  ["its first byte", flipped(0)],
  ["its middle", (bytes) => flipped(bytes.length >> 1)(bytes)],
  ["its last byte", (bytes) => flipped(bytes.length - 1)(bytes)],
  ["cut short", (bytes) => bytes.subarray(0, bytes.length - 1)],
  ["empty", () => new Uint8Array(0)],
  ["twice", (bytes) => Buffer.concat([bytes, bytes])],
  ["gone", () => undefined],
];
/** Each file that a reader of a log of so many entries may ask for; with those at the right edge first. */
const edge = ["tile/entries/001.p/44", "tile/0/001.p/44", "tile/1/000.p/1"];
const files = [...edge, "tile/entries/000", "tile/0/000", "checkpoint"];
const cases = files.flatMap((file) => ways.map(([how, damage]) => [file, how, damage] as const));

describe("a log with one damaged file", () => {
  it.each(cases)("%s: %s", async (file, how, damage) => {
    const store = new MemoryStore();
    await (await Log.create(store, key)).append(entries(0, SIZE));
    const known = new MemoryStore();
    await new Mirror(known, policy).follow(store.read);
    for (const copy of [known, new MemoryStore()]) {
      const isNew = copy !== known;
      let asked = 0;
      const fetch = (path: string) => {
        asked += 1;
        const bytes = store.read(path);
        return path === file && bytes !== undefined ? damage(bytes) : bytes;
      };
      const mirror = new Mirror(copy, policy);
      const said = await mirror.follow(fetch).then(
        () => mirror.unfit(fetch),
        (fault: Error) => fault.message,
      );
      expect(asked).toBeLessThan(MOST_REQUESTS);
      // What lies behind the edge is proven by what the reader makes of the entries, or is in its copy already.
      // Of a tile of hashes, readers take as many as they need.
      const isMore = how === "twice" && /^tile\/[01]/.test(file);
      const isAtEdge = edge.includes(file) && !isMore;
      const matters = isAtEdge || file === "checkpoint" || (isNew && file === "tile/entries/000");
      const names = said?.includes(`${file} does not fit its checkpoint of ${SIZE} entries`) === true;
      const isRight = said !== undefined || isDeepStrictEqual(entriesAt(copy.read, SIZE, 1), entries(256, SIZE));
      const told = { isSaid: said !== undefined, names: names || isNew || !isAtEdge, isRight, said };
      expect(told).toEqual({ isSaid: matters, names: true, isRight: true, said });
    }
  });
});

it("is made in a directory whose name has one letter, from where the reader stands", async () => {
  const [before, place] = [process.cwd(), mkdtempSync(join(tmpdir(), "isoline-log-"))];
  try {
    process.chdir(place);
    const store = new DirectoryStore("n", () => true);
    store.write("tile/0/000.p/1", new Uint8Array(32));
    await store.close();
    expect(store.read("tile/0/000.p/1")).toHaveLength(32);
  } finally {
    process.chdir(before);
    rmSync(place, { recursive: true });
  }
});
