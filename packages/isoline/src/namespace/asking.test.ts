import { MessageChannel } from "node:worker_threads";
import { expect, it } from "vitest";
import { Asking } from "./asking.ts";
import { makeControlBlock } from "./control-block.ts";

const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;

it("rings one bell for all that wait, however many ask, and none when all are answered or the namespace has ended", async () => {
  const before = timers();
  const { port1 } = new MessageChannel();
  const block = makeControlBlock();
  const asking = new Asking(block, port1);
  const replies = Array.from({ length: 100 }, () => asking.ask({ ask: "seal" }));
  expect(timers() - before).toBe(1);
  for (let id = 1; id <= 99; id++) asking.heard(id, undefined as never);
  expect(timers() - before).toBe(1);
  asking.heard(100, undefined as never);
  expect(timers() - before).toBe(0);
  const last = asking.ask({ ask: "seal" });
  asking.end();
  expect(timers() - before).toBe(0);
  expect(await Promise.all([...replies, last])).toEqual(Array.from({ length: 101 }, () => undefined));
});
