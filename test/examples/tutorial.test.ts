/** The tutorial, command by command: the output is what docs/tutorial.md shows. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isBuilt } from "../support/isoline.ts";
import { blocksOf, run } from "../support/page.ts";

const page = fileURLToPath(new URL("../../docs/tutorial.md", import.meta.url));
describe.skipIf(!isBuilt)("the tutorial", () => {
  const blocks = blocksOf(readFileSync(page, "utf8"));
  let home = "";
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), "isoline-tutorial-"));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  test("has commands", () => {
    expect(blocks.length).toBeGreaterThan(6);
  });

  test.each(blocks.map((steps) => [steps.map(({ command }) => command.split("\n")[0]).join("; "), steps] as const))(
    "%s",
    async (_commands, steps) => {
      for (const { said, shown } of await run(steps, home)) expect(said).toMatch(shown);
    },
  );
});
