import { expect, test } from "vitest";
import { CreationNumbers } from "./creation-numbers.ts";

test("each next one gets the lowest free number, and from the fourth on all are the same", () => {
  const numbers = new CreationNumbers();
  const given = Array.from({ length: 6 }, () => {
    const next = numbers.next(7, "kind");
    return { next, release: numbers.take(7, "kind") };
  });
  expect(given.map(({ next }) => next)).toEqual(["1", "2", "3", "+", "+", "+"]);
  given[1]?.release?.();
  expect(numbers.next(7, "kind")).toBe("2");
  given[0]?.release?.();
  expect(numbers.next(7, "kind")).toBe("1");
  expect(given[4]?.release).toBeUndefined();
});

test("processes and kinds are counted apart", () => {
  const numbers = new CreationNumbers();
  numbers.take(7, "a");
  expect(numbers.next(7, "a")).toBe("2");
  expect(numbers.next(7, "b")).toBe("1");
  expect(numbers.next(8, "a")).toBe("1");
});

test("a loop that creates and removes a file always creates number 1", () => {
  const numbers = new CreationNumbers();
  for (let round = 0; round < 100; round += 1) {
    expect(numbers.next(7, "a")).toBe("1");
    numbers.take(7, "a")?.();
  }
});

test("a process that reuses an id counts anew, and releasing a number of the earlier process changes nothing", () => {
  const numbers = new CreationNumbers();
  const old = numbers.take(7, "a");
  numbers.forget(7);
  expect(numbers.next(7, "a")).toBe("1");
  numbers.take(7, "a");
  old?.();
  expect(numbers.next(7, "a")).toBe("2");
});
