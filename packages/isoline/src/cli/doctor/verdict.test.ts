import type { Probe } from "@isoline/linux";
import { describe, expect, it } from "vitest";
import { verdictOf } from "./verdict.ts";

const probe = (name: string, works: boolean, more: Partial<Probe> = {}): Probe => ({
  ...{ part: "bpf", name, works, required: false, detail: "", needs: "" },
  ...more,
});
const needed = { required: true };

describe("the word in the heading of a part", () => {
  it.each<[string, Probe[], ReturnType<typeof verdictOf>]>([
    ["everything is there", [probe("a", true, needed), probe("b", true)], { works: true }],
    ["only what makes it quicker is missing", [probe("a", true, needed), probe("b", false)], { works: true }],
    ["something is missing that it requires", [probe("a", false, needed), probe("b", true)], { works: false }],
    [
      "what it requires is there and does not do all",
      [probe("a", true, { ...needed, only: "to learn" })],
      { works: true, only: "to learn" },
    ],
    [
      "two of three things are there",
      [probe("a", true), probe("b", false), probe("c", true)],
      { works: true, only: "a, c" },
    ],
    ["none of its things is there", [probe("a", false), probe("b", false)], { works: false }],
  ])("%s", (_, probes, expected) => {
    expect(verdictOf(probes)).toEqual(expected);
  });
});
