/** The longest interval that nodes were told, as both stores note it for verifiers that take nodes over. */
import { beforeEach, expect, it } from "vitest";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { onBothStores } from "./both-stores.ts";
import { statementIn } from "./set-clock.ts";

onBothStores(({ store, clear }) => {
  const noted = (most = 1000) => stores.notedInterval(store().db, most);
  const note = (seconds: number, lasts: number, most = 1000) => stores.noteInterval(store().db, seconds, lasts, most);

  beforeEach(() => clear(["intervals"]));

  it("is the longest while nodes go by it, and what is noted next afterwards", async () => {
    expect(await noted()).toBe(0);
    await note(200, 0);
    expect(await noted()).toBe(0);
    for (const [seconds, most] of [
      [90, 90],
      [100, 100],
      [70, 100],
    ] as const) {
      await note(seconds, 900);
      expect(await noted()).toBe(most);
    }
  });

  it("is no longer presumed once it runs out, however often a shorter one is noted meanwhile", async () => {
    const { db } = store();
    await note(300, 900);
    await note(61, 183);
    // The peak is over: all that is noted runs out by so much.
    const past = (seconds: number) =>
      statementIn(db, `update intervals set until = until - make_interval(secs => ${seconds})`);
    for (let at = 0; at < 10; at++) {
      await past(100);
      await note(61, 183);
      expect(await noted()).toBe(at < 8 ? 300 : 61);
    }
    await past(183);
    expect(await noted()).toBe(0);
  });

  it("counts for no longer than it can, where the clock of the database was set back since", async () => {
    await note(90, 900);
    expect(await noted(300)).toBe(0);
    await note(80, 200, 300);
    expect(await noted(300)).toBe(80);
  });
});
