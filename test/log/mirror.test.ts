/** A copy of a log that is hostile, or behind a cache. */
import { describe, expect, it } from "vitest";
import { Mirror } from "../../packages/log/src/mirror/index.ts";
import { formatVerifierKey, signerKey } from "../../packages/log/src/note/index.ts";
import { parsePolicy } from "../../packages/log/src/proof/index.ts";
import { framedEntry } from "../../packages/log/src/tiles/index.ts";
import { Log } from "../../packages/log/src/writer/index.ts";
import { entries, MemoryStore } from "./logs.ts";

const key = signerKey("example.com/log", "log", new Uint8Array(32).fill(1));
const policy = parsePolicy(`log ${formatVerifierKey(key)}\nquorum none\n`);
const COUNT = 20 * 256;

it("refuses a log whose entries are few and very long, before it has them all, and goes on from what it had", async () => {
  const store = new MemoryStore();
  const log = await Log.create(store, key);
  await log.append(entries(0, COUNT));
  const bundle = Buffer.concat(Array.from({ length: 256 }, () => framedEntry(new Uint8Array(0xffff))));
  let sent = 0;
  const mirror = new Mirror(new MemoryStore(), policy);
  const follow = mirror.follow((path) => {
    if (!path.includes("entries")) return store.read(path);
    sent++;
    return bundle;
  });
  await expect(follow).rejects.toMatchObject({ code: "too-large", message: expect.stringContaining("copy the dir") });
  expect(sent).toBeLessThan(20);
  expect((await mirror.follow(store.read)).entries.length).toBe(COUNT);
});

describe("a checkpoint that is older than the last one", () => {
  const old = async (of: readonly Uint8Array[]) => {
    const store = new MemoryStore();
    await (await Log.create(store, key)).append(of);
    return store;
  };

  it("is told as old where it is of the same log, and the copy goes on when the log does", async () => {
    const store = await old(entries(0, 600));
    const mirror = new Mirror(new MemoryStore(), policy);
    await mirror.follow(store.read);
    for (const size of [0, 1, 255, 256, 599]) {
      const kept = await old(entries(0, size));
      const follow = mirror.follow((path) => (path === "checkpoint" ? kept.read(path) : store.read(path)));
      await expect(follow).rejects.toMatchObject({
        code: "old-checkpoint",
        message: expect.stringContaining(`the log had 600 entries, and shows ${size}, which are the first of them`),
      });
    }
    await (await Log.open(store, key)).append(entries(600, 601));
    expect((await mirror.follow(store.read)).first).toBe(600);
  });

  it("is a fork where it is of other entries", async () => {
    const mirror = new Mirror(new MemoryStore(), policy);
    await mirror.follow((await old(entries(0, 600))).read);
    const other = await old([...entries(0, 300), ...entries(900, 901)]);
    await expect(mirror.follow(other.read)).rejects.toMatchObject({ code: "forked-log" });
  });
});
