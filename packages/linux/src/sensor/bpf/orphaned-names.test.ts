import { expect, test } from "vitest";
import { OrphanedNames } from "./orphaned-names.ts";

/** What is left to the BPF programs. */
function orphaned(most: number) {
  const left = new Set<string>();
  const names = new OrphanedNames(
    { permitOrphaned: (key) => void left.add(String(key)), forget: (key) => void left.delete(String(key)) },
    most,
  );
  const permitted = (...told: readonly string[]) => {
    for (const name of told) names.permitted(Buffer.from(name));
    return [...left];
  };
  return { names, permitted, left };
}

test("what is permitted a second time is left to the BPF programs, and no more of it than there is room for", () => {
  const { permitted } = orphaned(2);
  expect(permitted("one", "two", "three")).toEqual([]);
  expect(permitted("two", "one")).toEqual(["two", "one"]);
  expect(permitted("one", "three")).toEqual(["one", "three"]);
});

test("what is refused is left no longer, and nothing is once nothing may go ahead", () => {
  const { names, permitted, left } = orphaned(9);
  permitted("one", "one", "two", "two", "three");
  names.refused(Buffer.from("one"));
  expect([...left]).toEqual(["two"]);
  expect(permitted("one")).toEqual(["two"]);
  names.takeBackAll();
  expect(permitted("three")).toEqual([]);
});
