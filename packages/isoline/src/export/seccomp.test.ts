import type { Operation } from "@isoline/core/event";
import { expect, test } from "vitest";
import type { Permits } from "./permits.ts";
import { toSeccomp } from "./seccomp.ts";

interface Rule {
  readonly names: readonly string[];
  readonly errnoRet: number;
  readonly args?: readonly { readonly value: number; readonly valueTwo?: number; readonly op: string }[];
}

function exported(...operations: Operation[]) {
  const { text, unsaid } = toSeccomp({ operations: new Set(operations), sockets: [] } as unknown as Permits);
  const rules = JSON.parse(text).syscalls as Rule[];
  return { of: (call: string) => rules.filter(({ names }) => names.includes(call)), unsaid };
}

test("without a point that makes kernel namespaces, clone is refused each kind of them, and clone3 is not there", () => {
  const { of } = exported("open");
  const flags = of("clone").map(({ args = [] }) =>
    args.map(({ value, valueTwo, op }) => [value === valueTwo, op, value]),
  );
  expect(flags.flat()).toEqual(
    [0x2_0000, 0x200_0000, 0x400_0000, 0x800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000].map((flag) => [
      true,
      "SCMP_CMP_MASKED_EQ",
      flag,
    ]),
  );
  expect(of("clone3").map(({ errnoRet }) => errnoRet)).toEqual([38]);
});

test("with such a point both are allowed, as are unshare and setns, and that is said", () => {
  const { of, unsaid } = exported("namespace");
  expect(["clone", "clone3", "unshare", "setns"].flatMap(of)).toEqual([]);
  expect(unsaid).toContain("which kernel namespaces: with one point that makes or enters one, all are allowed");
});

test("what no point has, and no rule refuses, is named", () => {
  const allowed = ({ unsaid }: { unsaid: readonly string[] }) =>
    unsaid.find((each) => each.startsWith("allowed although"));
  expect(allowed(exported("open"))).toMatch(/setid, capset, prctl/);
  expect(allowed(exported("setid", "capset"))).not.toMatch(/setid|capset|namespace|open/);
});
