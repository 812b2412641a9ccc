import { expect, test } from "vitest";
import type { ModelMediator } from "../model-mediator.ts";
import { Decisions } from "./decisions.ts";
import type { KernelNamespace } from "./kernel-namespace.ts";

const key = Buffer.alloc(16, 7);

/** Decisions while off-contour acts are refused, with room for each. */
function decisions(): Decisions {
  const kernel = { room: 64, isFull: false, decide: () => true } as unknown as KernelNamespace;
  return new Decisions(kernel, { refusesWhatIsOff: true } as ModelMediator);
}

test("the refusal of a thread that was held is counted once", () => {
  const made = decisions();
  const held = { process: 1, tid: 500 };
  expect(made.keep(key, false, 0, held)).toBe(true);
  expect([made.isSettled(held, key), made.isSettled(held, key)]).toEqual([true, false]);
});

test("the refusal of another process counts, where a thread that was held has left it its id", () => {
  const made = decisions();
  made.keep(key, false, 0, { process: 1, tid: 500 });
  expect(made.isSettled({ process: 2, tid: 500 }, key)).toBe(false);
  expect(made.isSettled({ process: 1, tid: 500 }, key)).toBe(true);
});

test("nothing is kept of a process that was ended while it was held", () => {
  const made = decisions();
  const held = { process: 1, tid: 500 };
  made.keep(key, false, 0, held);
  made.died(1);
  expect(made.isSettled(held, key)).toBe(false);
});
