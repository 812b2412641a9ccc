import { expect, test } from "vitest";
import { OrphanedNames } from "./orphaned-names.ts";

test("what is permitted a second time is left to the BPF programs, if not too much else came between", () => {
  const left: string[] = [];
  const names = new OrphanedNames({ permitOrphaned: (key) => left.push(String(key)) }, 2);
  for (const name of ["one", "two", "one", "three", "two", "two"]) names.permitted(Buffer.from(name));
  expect(left).toEqual(["one", "two"]);
});
