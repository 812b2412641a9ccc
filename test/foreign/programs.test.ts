/** Ordinary programs inside; what they print and how they end. Compilers and git are among the workloads of other tests. */
import { describe, expect, it } from "vitest";
import { missingFor, programs, runProgram } from "./programs.mjs";
import { ORDINARY } from "./workload.mjs";

describe("programs print inside what they print outside", () => {
  for (const program of programs.filter(({ name }) => !/^(gcc|git)/.test(name))) {
    const missing = missingFor(program);
    it.skipIf(missing !== undefined)(
      `${program.name}${missing ? ` (needs ${missing})` : ""}`,
      { timeout: 300_000 },
      async () => {
        const outside = await runProgram(program, "outside", ORDINARY);
        const inside = await runProgram(program, "watch", ORDINARY);
        expect(outside.hung).toBe(false);
        expect([inside.status, inside.output]).toEqual([outside.status, outside.output]);
        expect(inside.losses).toEqual([]);
        expect(inside.events).toBeGreaterThan(0);
      },
    );
  }
});
