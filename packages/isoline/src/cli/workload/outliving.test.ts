import { expect, test } from "vitest";
import { outlivingText } from "./outliving.ts";

test("processes that outlive the command are counted, and none is not mentioned", () => {
  expect([0, 1, 2, 1234].map(outlivingText)).toEqual([
    undefined,
    "the command has ended; its namespace lives until the process that it left behind has ended",
    "the command has ended; its namespace lives until the 2 processes that it left behind have ended",
    "the command has ended; its namespace lives until the 1 234 processes that it left behind have ended",
  ]);
});
