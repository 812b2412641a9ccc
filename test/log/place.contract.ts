/** What every place for the files of a log must do; run over each of them. */
import { expect, it } from "vitest";
import { openCheckpoint, signerKey } from "../../packages/log/src/note/index.ts";
import { proveEntry } from "../../packages/log/src/proof/index.ts";
import { assertIncluded, leafHash } from "../../packages/log/src/tree/index.ts";
import { CHECKPOINT, Log, type LogFiles } from "../../packages/log/src/writer/index.ts";
import { entries, entry, rootByDefinition } from "./logs.ts";

const key = signerKey("example.com/log", "log", new Uint8Array(32).fill(1));

/** `place` names a new place; `open` opens it as another process would. */
export function keepsToTheContract(place: () => string, open: (place: string) => LogFiles | Promise<LogFiles>): void {
  it("has nothing before a log begins, and refuses to begin a second one", async () => {
    const at = place();
    const files = await open(at);
    expect([await files.last(), await files.read(CHECKPOINT), await files.read("tile/0/000.p/1")]).toEqual([
      ...[undefined, undefined, undefined],
    ]);
    await Log.create(files, key);
    await files.close();
    const again = await open(at);
    await expect(Log.create(again, key)).rejects.toThrow(/there is a log already/);
    await again.close();
  });

  it("gives the next process the note and the files of the last commit, and what was shown", async () => {
    const at = place();
    const first = await open(at);
    const log = await Log.create(first, key);
    for (const size of [3, 256, 300, 1100]) await log.append(entries(log.head.size, size));
    await log.close();
    const second = await open(at);
    const next = await Log.open(second, key);
    expect(Buffer.from(next.head.root)).toEqual(Buffer.from(rootByDefinition(entries(0, 1100))));
    expect(await next.append(entries(1100, 1105))).toBe(1100);
    const shown = Buffer.from((await second.read(CHECKPOINT)) ?? []).toString("utf8");
    const opened = openCheckpoint(shown, key);
    expect(opened.size).toBe(1105);
    const { hashes } = await proveEntry(second.read, 300, shown);
    expect(() => assertIncluded(leafHash(entry(300)), 300, opened, hashes)).not.toThrow();
    await next.close();
  });

  it("lets one process continue a note, and refuses the other with log-in-use", async () => {
    const at = place();
    const begun = await open(at);
    await (await Log.create(begun, key)).append(entries(0, 10));
    await begun.close();
    const outcomes = await Promise.allSettled(
      [11, 12].map(async (other) => {
        const files = await open(at);
        const log = await Log.open(files, key);
        await log.append(entries(other, other + 300));
        return Buffer.from(log.head.root).toString("hex");
      }),
    );
    const roots = outcomes.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const refusals = outcomes.flatMap((one) => (one.status === "rejected" ? [one.reason.code] : []));
    expect([roots.length, refusals]).toEqual([1, ["log-in-use"]]);
  });
}
