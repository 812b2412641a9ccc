/** The tutorial, command by command: the output is what docs/tutorial.md shows. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ended, isBuilt, isolineProgram, SYSTEM_PATH } from "../support/isoline.ts";

const page = fileURLToPath(new URL("../../docs/tutorial.md", import.meta.url));
const END_OF_STEP = "end of step";

interface Step {
  readonly command: string;
  readonly shown: readonly string[];
}

/** The code blocks with prompts: `$ ` begins a command, `> ` continues it, the other lines are its output. */
function blocksOf(text: string): readonly (readonly Step[])[] {
  return [...text.matchAll(/^```\n(\$ [^]*?)^```$/gm)].map(([, block = ""]) =>
    block.split(/^\$ /m).flatMap((step) => {
      const lines = step.split("\n").slice(0, -1);
      const isOutput = (line: string, index: number) => index > 0 && !line.startsWith("> ");
      const command = lines.filter((line, index) => !isOutput(line, index)).map((line) => line.replace(/^> /, ""));
      return step === "" ? [] : [{ command: command.join("\n"), shown: lines.filter(isOutput) }];
    }),
  );
}

/** The shown output as an expression: a line `…` stands for any lines, and `…` within a line for any text. */
function expected(shown: readonly string[]): RegExp {
  const escaped = shown.map((line) =>
    line === "…" ? "(?:.*\\n)*?" : `${line.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&").replaceAll("…", ".*")}\\n`,
  );
  return new RegExp(`^${escaped.join("")}$`);
}

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
      // The status of a command remains in `$?` for the next one.
      const script = steps
        .map(({ command }) => `${command}\nstatus=$?; echo "${END_OF_STEP}"; (exit $status)\n`)
        .join("");
      const { stdout } = await ended("/bin/sh", ["-c", `exec 2>&1\n${script}`], {
        cwd: home,
        env: { HOME: home, PATH: `${dirname(isolineProgram)}:${SYSTEM_PATH}` },
      });
      const said = stdout.split(`${END_OF_STEP}\n`);
      for (const [index, { shown }] of steps.entries()) expect(said[index]).toMatch(expected(shown));
    },
  );
});
