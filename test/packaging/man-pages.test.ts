/** Manual pages: each has the exit statuses of its own command, and says what each argument and option is. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isBuilt } from "../support/isoline.ts";

const maker = fileURLToPath(new URL("../../tools/man-pages.mjs", import.meta.url));
/** A term without a word about it. */
const UNSAID = /^\.TP\n\.B (.*)\n$/gm;

describe.skipIf(!isBuilt)("the manual pages (need a build)", () => {
  const folder = mkdtempSync(join(tmpdir(), "isoline-man-"));
  const page = (name: string) => readFileSync(join(folder, name), "utf8");
  const ending = (command: string) => page(`${command}.1`).split(".SH EXIT STATUS\n")[1]?.split("\n")[0];

  beforeAll(() => void execFileSync(process.execPath, [maker, folder]));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ["isoline-diff", "0 same, 1 different, 2 trouble."],
    ["isoline-service-finish", "0 it was learnt, 1 nothing was learnt yet."],
    ["isoline-fleet-nodes", "0 done, 1 isoline failed, 2 the command line is wrong."],
  ])("%s has its own exit statuses", (command, says) => expect(ending(command)).toBe(says));

  it("those of commands that run another one have the statuses of that", () => {
    expect(ending("isoline-check")).toMatch(/^3 off contour, 4 incomplete, else that of the command;.* 125 /);
    expect(ending("isoline-run")).toMatch(/^that of the command;.* 125 /);
  });

  it("say what each argument and option is", () => {
    const unsaid = readdirSync(folder).flatMap((name) =>
      Array.from(page(name).matchAll(UNSAID), ([, term]) => `${name}: ${term}`),
    );
    expect(unsaid).toEqual([]);
  });
});
