/** The examples of the library's docstrings, run as they stand. */
import { describe, expect, it } from "vitest";
import { publicNames } from "../../tools/api-page.mjs";
import { repository } from "../../tools/run.mjs";
import { isBuilt } from "../support/isoline.ts";
import { runProgram } from "../support/library.ts";

const examples = publicNames(repository).flatMap(({ name, example }) =>
  example === undefined ? [] : [{ name, example }],
);

describe.skipIf(!isBuilt)("the example (needs a build)", () => {
  it.each(examples)("of $name prints what it says", async ({ example }) => {
    const said = [...example.matchAll(/^\/\/ prints: (.*)$/gm)].map(([, line]) => line);
    const { lines, stderr } = await runProgram(example);
    expect({ lines, stderr }).toEqual({ lines: said, stderr: "" });
    expect(said).not.toEqual([]);
  });
});
