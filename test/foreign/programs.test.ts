/** Ordinary programs inside: their output and their exit status. Other tests run compilers and git as workloads. */
import { describe, expect, it } from "vitest";
import { compare } from "./comparison.mjs";
import { missingFor, programs, runProgram } from "./programs.mjs";
import { ORDINARY } from "./workload.mjs";

describe("programs print the same inside as outside", () => {
  for (const program of programs.filter(({ name }) => !/^(gcc|git)/.test(name))) {
    const missing = missingFor(program);
    it.skipIf(missing !== undefined)(
      `${program.name}${missing ? ` (needs ${missing})` : ""}`,
      { timeout: 300_000 },
      async () => {
        const found = await compare(program.name, (side) => runProgram(program, side, ORDINARY), ["watch"]);
        expect(found).toEqual({ tests: 1, failedOutside: 0, skipped: 0, differences: [], losses: [] });
      },
    );
  }
});
