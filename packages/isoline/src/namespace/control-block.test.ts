import { expect, test } from "vitest";
import { cells, makeControlBlock, noteListeners, publish, takeListeners } from "./control-block.ts";

test("the listeners of a thread that is lost are those that it noted last, and are taken once", () => {
  const block = makeControlBlock();
  publish(block, cells.listener, 20);
  noteListeners(block, [20, 21, 22]);
  noteListeners(block, [21, 22]);
  expect([...takeListeners(block)]).toEqual([21, 22]);
  expect([...takeListeners(block)]).toEqual([]);
  expect(block[cells.listener]).toBe(-1);
});

test("a thread that has closed its listeners leaves none, and one that is lost before it has any gets none", () => {
  const [closed, early] = [makeControlBlock(), makeControlBlock()];
  noteListeners(closed, [20, 21]);
  noteListeners(closed, []);
  expect([...takeListeners(closed), ...takeListeners(early)]).toEqual([]);
  expect([closed[cells.listener], early[cells.listener]]).toEqual([-1, -1]);
});
