/** docs/attestation.md, command by command, with a real TPM in software: from a contour to a verdict, and an attack. */
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isBuilt } from "../support/isoline.ts";
import { hasOrdinaryUser, isInstalled, isRoot } from "../support/machine.ts";
import { blocksOf, run } from "../support/page.ts";
import { needsSwtpm } from "./swtpm.ts";

const page = fileURLToPath(new URL("../../docs/attestation.md", import.meta.url));
/** Evidence is about every namespace of a user, and other tests run some of root's. */
const USER = 61_013;
const uid = isRoot ? USER : undefined;
const isMissing = needsSwtpm || !isBuilt || !hasOrdinaryUser || !isInstalled("swtpm_setup") || !isInstalled("openssl");

describe.skipIf(isMissing)("the walk through attestation (needs swtpm, openssl, a build, an ordinary user)", () => {
  const blocks = blocksOf(readFileSync(page, "utf8"));
  let home = "";
  let isBroken = false;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), "isoline-walk-"));
    mkdirSync(join(home, "run"), { mode: 0o700 });
    for (const place of isRoot ? [home, join(home, "run")] : []) chownSync(place, USER, USER);
  });
  afterAll(async () => {
    // Where a step failed, the TPM and the service are still there.
    await run(
      [{ command: "[ ! -e requests ] || timeout 1 sh -c 'echo quit > requests'; kill $(cat tpm.pid)", shown: [] }],
      home,
    );
    rmSync(home, { recursive: true, force: true });
  });

  test("has commands", () => {
    expect(blocks.length).toBeGreaterThan(8);
  });

  test.each(blocks.map((steps) => [steps.map(({ command }) => command.split("\n")[0]).join("; "), steps] as const))(
    "%s",
    async (_commands, steps) => {
      // What comes later would wait for what does not come.
      if (isBroken) throw new Error("an earlier step failed");
      isBroken = true;
      // The walk works in any directory: this one is not the user's home.
      const env = { XDG_RUNTIME_DIR: join(home, "run"), HOME: join(home, "run") };
      for (const { said, shown } of await run(steps, home, env, uid)) expect(said).toMatch(shown);
      isBroken = false;
    },
  );

  test("leaves a run that has told the TPM of its end", () => {
    expect(readFileSync(join(home, "said"), "utf8")).not.toMatch(/incomplete|did not take/);
  });
});
