import { expect, test } from "vitest";
import { traitsOf } from "./traits.ts";

const MIB = 2 ** 20;

test("a namespace beside others, or of a stranger, remembers verdicts in little memory under each sensor, whatever its mode", () => {
  for (const mode of ["learn", "watch", "enforce"] as const)
    for (const sensor of ["seccomp", "bpf"] as const)
      for (const beside of [{ sharesThread: true }, { forStranger: true }])
        expect(traitsOf(sensor).knownBytes({ mode, ...beside })).toBeLessThanOrEqual(32 * MIB);
  expect(traitsOf("seccomp").knownBytes({ mode: "watch" })).toBeUndefined();
});
