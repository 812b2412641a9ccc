/** A copy of a log that sends more than fits into memory. */
import { expect, it } from "vitest";
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
