import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { type Ended, isBuilt } from "../support/isoline.ts";
import { step, tryExample } from "./example.ts";

describe.skipIf(!isBuilt)("examples/agent-shell", () => {
  let said: Ended;
  /** The agent's output for one command of its task. */
  const saw = (command: string) => step(said.stdout.split("# Let it work.")[1] ?? "", `> ${command}`);
  beforeAll(async () => {
    said = await tryExample("agent-shell");
  });

  test("rehearsed commands work, before and after the refused ones", () => {
    expect(said.status).toBe(0);
    expect(saw("cat src/sum.js")).toContain("return a + b");
    for (const command of ["echo 'exports.twice", "node --test src", "ls src", "rm src/twice.js"])
      expect(saw(command)).toContain("(exit status 0)");
  });

  test("the guide has the shell of the example", () => {
    const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
    const [, script = "nothing"] = /```sh\n#!\/bin\/sh\n(here=[^`]*)```/.exec(read("docs/how-to/agent-shell.md")) ?? [];
    expect(read("examples/agent-shell/contour-shell")).toContain(script);
  });

  test("the key is not read", () => {
    expect(saw("cat ~/.ssh/id_ed25519")).toContain("(exit status 1)");
    expect(said.stdout).not.toContain("a made-up key");
    expect(said.stderr).toMatch(
      /^isoline: refused, off contour: `cat` \([^`]* → cat\) opened \$HOME\/\.ssh\/id_ed25519 for reading; /m,
    );
  });

  test("nothing is sent, whichever program tries", () => {
    // 126: refused. 127: curl is not installed here.
    expect(saw("curl -s")).toMatch(/\(exit status 12[67]\)/);
    // Node.js was rehearsed only as `node --test src`.
    expect(saw("node -e")).toContain("(exit status 126)");
    expect(said.stderr).toMatch(/^isoline: refused, off contour: `[^`]+` executed \S+\/node to run text; /m);
  });

  test("no shell profile is changed, and no other shell is started", () => {
    expect(saw("echo 'alias")).not.toContain("(exit status 0)");
    expect(saw("sh -c")).toContain("(exit status 126)");
    expect(said.stderr).toMatch(/^isoline: refused, off contour: `[^`]+` created \$HOME\/\.bashrc for writing/m);
  });
});
