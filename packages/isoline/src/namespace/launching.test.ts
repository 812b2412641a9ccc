/** What becomes of a launching thread is known, however it ends. */
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { cells, makeControlBlock } from "./control-block.ts";
import { listenerOf } from "./launching.ts";

describe("the listener of a filter", () => {
  it("is there as soon as the launching thread has it", async () => {
    const block = makeControlBlock();
    const thread = `Atomics.store(require("node:worker_threads").workerData, ${cells.listener}, 7)`;
    expect(await listenerOf(new Worker(thread, { eval: true, workerData: block }), block)).toBe(7);
  });

  it("is none where that thread fails before it has one", async () => {
    const thread = new Worker("throw new Error('no memory')", { eval: true });
    expect(await listenerOf(thread, makeControlBlock())).toBe(-1);
  });
});
