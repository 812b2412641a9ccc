/** A page whose commands are run: what its code blocks show is what they print. */
import { dirname } from "node:path";
import { ended, isolineProgram, SYSTEM_PATH } from "./isoline.ts";

const END_OF_STEP = "end of step";

export interface Step {
  readonly command: string;
  readonly shown: readonly string[];
}

/** The code blocks with prompts: `$ ` begins a command, `> ` continues it, the other lines are its output. */
export function blocksOf(text: string): readonly (readonly Step[])[] {
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

/** What the steps of a block printed, each beside what the page shows. The block is one shell in `home`. */
export async function run(
  steps: readonly Step[],
  home: string,
  env: Readonly<Record<string, string>> = {},
  uid?: number,
): Promise<readonly { readonly said: string; readonly shown: RegExp }[]> {
  // The status of a command remains in `$?` for the next one.
  const script = steps.map(({ command }) => `${command}\nstatus=$?; echo "${END_OF_STEP}"; (exit $status)\n`).join("");
  const { stdout } = await ended("/bin/sh", ["-c", `exec 2>&1\n${script}`], {
    cwd: home,
    env: { HOME: home, PATH: `${dirname(isolineProgram)}:${SYSTEM_PATH}`, ...env },
    uid,
  });
  const said = stdout.split(`${END_OF_STEP}\n`);
  return steps.map(({ shown }, index) => ({ said: said[index] ?? "", shown: expected(shown) }));
}
