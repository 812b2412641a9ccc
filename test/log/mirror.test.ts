/** A copy of a log that is hostile, or behind a cache. */
import { describe, expect, it } from "vitest";
import { Fork, Mirror } from "../../packages/log/src/mirror/index.ts";
import { formatVerifierKey, signerKey } from "../../packages/log/src/note/index.ts";
import { parsePolicy } from "../../packages/log/src/proof/index.ts";
import { entriesAt, type FetchTile, framedEntry } from "../../packages/log/src/tiles/index.ts";
import { Log } from "../../packages/log/src/writer/index.ts";
import { entries, entry, MemoryStore } from "./logs.ts";

const key = signerKey("example.com/log", "log", new Uint8Array(32).fill(1));
const policy = parsePolicy(`log ${formatVerifierKey(key)}\nquorum none\n`);

const logOf = async (of: readonly Uint8Array[]) => {
  const store = new MemoryStore();
  await (await Log.create(store, key)).append(of);
  return store;
};
const grown = async (store: MemoryStore, by: readonly Uint8Array[]) => (await Log.open(store, key)).append(by);
const shownIn = (store: MemoryStore) => Buffer.from(store.read("checkpoint") ?? []).toString();
/** The files of a log, and which bundles of entries were asked for. */
const watched = (store: MemoryStore, most = Number.POSITIVE_INFINITY) => {
  const bundles: string[] = [];
  const fetch: FetchTile = (path) => {
    if (!path.startsWith("tile/entries/")) return store.read(path);
    if (bundles.length === most) throw new Error("the network is gone");
    bundles.push(path);
    return store.read(path);
  };
  return { fetch, bundles };
};

it("takes no entries that the log has not signed for, nor more of them at once than have a place in memory; and goes on", async () => {
  const count = 20 * 256;
  const store = await logOf(entries(0, count));
  const bundle = Buffer.concat(Array.from({ length: 256 }, () => framedEntry(new Uint8Array(0xffff))));
  let sent = 0;
  const copy = new MemoryStore();
  const mirror = new Mirror(copy, policy);
  const follow = mirror.follow((path) => {
    if (!path.includes("entries")) return store.read(path);
    sent++;
    return bundle;
  });
  await expect(follow).rejects.toMatchObject({ code: "broken-log", message: expect.stringContaining("not those of") });
  expect([sent < 20, copy.read("tile/entries/000"), shownIn(copy)]).toEqual([true, undefined, ""]);
  await mirror.follow(store.read);
  expect(entriesAt(copy.read, count, 19)).toEqual(entries(count - 256, count));
});

it("follows a flood of entries in one call", async () => {
  const store = await logOf(entries(0, 5));
  const copy = new MemoryStore();
  const mirror = new Mirror(copy, policy);
  await mirror.follow(store.read);
  await grown(store, entries(5, 66_000));
  expect(await mirror.follow(store.read)).toMatchObject({ first: 5, checkpoint: { size: 66_000 } });
  expect(entriesAt(copy.read, 66_000, 257).at(-1)).toEqual(entry(65_999));
  expect((await new Mirror(copy, policy).follow(store.read)).first).toBe(66_000);
});

describe("a checkpoint whose entries the log withholds", () => {
  it.each([0, 100])("is what the log is held to, also by the next process: a copy of %i entries", async (had) => {
    const copy = new MemoryStore();
    if (had > 0) await new Mirror(copy, policy).follow((await logOf(entries(0, had))).read);
    const store = await logOf(entries(0, 700));
    const { fetch } = watched(store, 0);
    await expect(new Mirror(copy, policy).follow(fetch)).rejects.toThrow("the network is gone");
    const next = new MemoryStore(copy.after(() => false));
    const other = await logOf([...entries(0, 100), ...entries(5000, 5900)]);
    const fault = await new Mirror(next, policy).follow(other.read).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(Fork);
    expect((fault as Fork).checkpoints).toEqual([shownIn(store), shownIn(other)]);
    expect(await new Mirror(next, policy).follow(store.read)).toMatchObject({ first: had, checkpoint: { size: 700 } });
  });
});

describe("a flood that is taken in parts", () => {
  const COUNT = 3000;
  const begun = async () => {
    const store = await logOf(entries(0, 100));
    const copy = new MemoryStore();
    await new Mirror(copy, policy, 512).follow(store.read);
    const before = shownIn(store);
    await grown(store, entries(100, COUNT));
    return { store, copy, before };
  };
  /** The same, and the network ends within the third part. */
  const interrupted = async () => {
    const { store, copy, before } = await begun();
    const { fetch } = watched(store, 5);
    await expect(new Mirror(copy, policy, 512).follow(fetch)).rejects.toThrow("the network is gone");
    return { store, copy, before };
  };

  it("cannot hide that the log forked: not one entry of it is asked for", async () => {
    const { copy, before } = await begun();
    const other = await logOf([...entries(0, 99), ...entries(5000, 5000 + COUNT)]);
    const { fetch, bundles } = watched(other);
    const fault = await new Mirror(copy, policy, 512).follow(fetch).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(Fork);
    expect((fault as Fork).checkpoints).toEqual([before, shownIn(other)]);
    expect(bundles).toEqual([]);
  });

  it("goes on where it was interrupted, and has its checkpoint only once all of it is there", async () => {
    const { store, copy, before } = await interrupted();
    expect(shownIn(copy)).toBe(before);
    await grown(store, entries(COUNT, COUNT + 300));
    const { fetch, bundles } = watched(store);
    const { first } = await new Mirror(copy, policy, 512).follow(fetch);
    const asked = ["004", "005"].map((place) => bundles.includes(`tile/entries/${place}`));
    expect([first, ...asked]).toEqual([100, false, true]);
    expect(shownIn(copy)).toBe(shownIn(store));
    expect(Array.from({ length: 13 }, (_, place) => entriesAt(copy.read, COUNT + 300, place)).flat()).toEqual(
      entries(0, COUNT + 300),
    );
  });

  it("holds the log to what it had signed for when the flood was interrupted", async () => {
    const { store, copy } = await interrupted();
    const signed = shownIn(store);
    // It continues what the copy's checkpoint says, and what was taken since; not all that was signed.
    const other = await logOf([...entries(0, 2000), ...entries(7000, 7000 + COUNT)]);
    const fault = await new Mirror(copy, policy, 512).follow(other.read).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(Fork);
    expect((fault as Fork).checkpoints).toEqual([signed, shownIn(other)]);
  });

  it("tells an older checkpoint from a fork after it was interrupted, also of entries that were not taken yet", async () => {
    const { store, copy } = await interrupted();
    for (const size of [100, 300, 2900]) {
      const [kept, other] = [await logOf(entries(0, size)), await logOf(entries(1, size + 1))];
      const follow = (old: MemoryStore) =>
        new Mirror(copy, policy, 512).follow((path) => (path === "checkpoint" ? old.read(path) : store.read(path)));
      await expect(follow(kept)).rejects.toMatchObject({ code: "old-checkpoint" });
      await expect(follow(other)).rejects.toMatchObject({ code: "forked-log" });
    }
    expect((await new Mirror(copy, policy, 512).follow(store.read)).checkpoint.size).toBe(COUNT);
  });

  it("survives a power failure at any write", async () => {
    const { store, copy } = await begun();
    const durable = copy.after(() => true);
    let ends = 0;
    for (let isWhole = false; !isWhole; ends++) {
      const failing = new MemoryStore(durable, ends);
      isWhole = await new Mirror(failing, policy, 512).follow(store.read).then(
        () => true,
        () => false,
      );
      for (const keeps of [() => true, () => false]) {
        const found = new MemoryStore(failing.after(keeps));
        await new Mirror(found, policy, 512).follow(store.read);
        expect(shownIn(found)).toBe(shownIn(store));
      }
    }
    expect(ends).toBeGreaterThan(20);
  });

  it("is refused where the copy's files are not what was taken", async () => {
    const { copy } = await interrupted();
    const coming = Buffer.from(copy.read("coming") ?? []).toString();
    expect(coming).toContain("\n1280\n");
    copy.write("coming", Buffer.from(coming.replace("\n1280\n", "\n1024\n")));
    expect(() => new Mirror(copy, policy)).toThrow(expect.objectContaining({ code: "broken-log" }));
  });
});

it.each([
  [5, "first"],
  [5, "last"],
  [256, "last"],
  [256, "first"],
])("tells a damaged hash tile from a fork: behind %i entries, the %s byte", async (before, which) => {
  const store = await logOf(entries(0, before));
  const mirror = new Mirror(new MemoryStore(), policy);
  await mirror.follow(store.read);
  await grown(store, entries(before, 700));
  const follow = mirror.follow((path) => {
    const bytes = store.read(path);
    if (bytes === undefined || !path.startsWith("tile/0/")) return bytes;
    const at = which === "first" ? 0 : bytes.length - 1;
    return bytes.with(at, (bytes[at] as number) ^ 1);
  });
  await expect(follow).rejects.toMatchObject({ code: "broken-log" });
  expect((await mirror.follow(store.read)).checkpoint.size).toBe(700);
});

it.each([1, 2, 5, 256, 300])("finds a fork behind %i entries", async (before) => {
  const mirror = new Mirror(new MemoryStore(), policy);
  await mirror.follow((await logOf(entries(0, before))).read);
  for (const size of [before, before + 1, 700]) {
    const other = await logOf(entries(1, size + 1));
    await expect(mirror.follow(other.read)).rejects.toMatchObject({ code: "forked-log" });
  }
});

describe("a checkpoint that is older than the last one", () => {
  it("is told as old where it is of the same log, and the copy goes on when the log does", async () => {
    const store = await logOf(entries(0, 600));
    const mirror = new Mirror(new MemoryStore(), policy);
    await mirror.follow(store.read);
    for (const size of [0, 1, 255, 256, 599]) {
      const kept = await logOf(entries(0, size));
      const follow = mirror.follow((path) => (path === "checkpoint" ? kept.read(path) : store.read(path)));
      await expect(follow).rejects.toMatchObject({
        code: "old-checkpoint",
        message: expect.stringContaining(`the log had 600 entries, and shows ${size}, which are the first of them`),
      });
    }
    await grown(store, entries(600, 601));
    expect((await mirror.follow(store.read)).first).toBe(600);
  });

  it("is a fork where it is of other entries", async () => {
    const mirror = new Mirror(new MemoryStore(), policy);
    await mirror.follow((await logOf(entries(0, 600))).read);
    const other = await logOf([...entries(0, 300), ...entries(900, 901)]);
    await expect(mirror.follow(other.read)).rejects.toMatchObject({ code: "forked-log" });
  });
});
