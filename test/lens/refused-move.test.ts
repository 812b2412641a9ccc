/** A move that the kernel refuses after the verdict does not make a file that was there before one of the namespace's own. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiler } from "../sensor/case.ts";
import { type Ended, isBuilt, isoline, readReport } from "../support/isoline.ts";

const SECRET = "d/deadbeef-0000-4372-a567-5ec2e7000001";

describe.skipIf(compiler === undefined || !isBuilt)(
  "a move over a file of another, by a task that may not move (needs gcc, a build)",
  () => {
    let cwd = "";
    let learnt: Ended;
    const anew = (): void => {
      rmSync(join(cwd, "d"), { recursive: true, force: true });
      mkdirSync(join(cwd, "d"));
      writeFileSync(join(cwd, SECRET), "secret", { mode: 0o600 });
    };
    const run = (words: readonly string[], ...attack: readonly string[]) =>
      isoline([...words, "-q", "--report", "report.json", "--", "./moves", ...attack], { cwd });

    beforeAll(async () => {
      cwd = mkdtempSync(join(tmpdir(), "isoline-moves-"));
      chmodSync(cwd, 0o755);
      const source = fileURLToPath(new URL("./refused-move.c", import.meta.url));
      execFileSync("gcc", ["-w", "-static", "-o", "moves", source], { cwd });
      anew();
      learnt = await run(["learn", "-o", "contour"]);
    });
    afterAll(() => rmSync(cwd, { recursive: true, force: true }));

    it.each([
      [["check", "contour"], 3, "not moved\nsecret\n"],
      [["run", "contour", "--enforce", "--no-landlock"], 0, "not moved\nrefused\n"],
    ])("is told by its own name: %j", async (words, status, stdout) => {
      expect(learnt).toMatchObject({ status: 0, stdout: "own\n" });
      anew();
      expect(await run(words, SECRET)).toMatchObject({ status, stdout });
      expect(readReport(cwd).departures.map(({ act }) => act.split(" ", 3).join(" "))).toEqual([
        `open access=read path=$CWD/${SECRET}`,
      ]);
    });
  },
);
