/**
 * A file that is written through a shared mapping keeps its times after the first write to each page. No digest and no verdict
 * is kept for such a file: its present content counts, and the report says that it may be written.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiler, NOBODY } from "../sensor/case.ts";
import { isBuilt, isoline, readReport } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";

const users = isRoot ? ([undefined, NOBODY] as const) : ([undefined] as const);

describe.skipIf(compiler === undefined || !isBuilt)(
  "code that is written through a mapping (needs gcc, a build)",
  () => {
    let directory: string;
    const own = (uid: number | undefined) => {
      writeFileSync(join(directory, "code"), Buffer.alloc(4096));
      if (uid !== undefined) for (const name of ["", "code"]) chownSync(join(directory, name), uid, uid);
    };
    const start = (words: readonly string[], change: readonly string[], uid: number | undefined) =>
      isoline([...words, "--report", "report.json", "-q", "--", "./mapped", "code", ...change], {
        cwd: directory,
        uid,
      });

    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), "isoline-mapped-"));
      chmodSync(directory, 0o755);
      const source = fileURLToPath(new URL("./mapped.c", import.meta.url));
      execFileSync("gcc", ["-O1", "-w", "-static", "-o", "mapped", source], { cwd: directory });
    });
    afterAll(() => rmSync(directory, { recursive: true, force: true }));

    it.each(users)("is judged by its present content, and never on contour (uid %s)", async (uid) => {
      own(uid);
      await start(["learn", "-o", "contour"], [], uid);
      own(uid);
      const watched = await start(["check", "contour"], ["change"], uid);
      expect(watched).toMatchObject({ status: 3, stdout: "mapped mapped\n" });
      const report = readReport(directory);
      expect(report.departures.map(({ act }) => act.split(" ", 3).join(" "))).toEqual([
        "map access=execute path=$CWD/code",
      ]);
      expect(report.incomplete).toEqual([expect.objectContaining({ count: 2 })]);
      own(uid);
      expect(await start(["check", "contour"], [], uid)).toMatchObject({ status: 4 });
      own(uid);
      const enforced = await start(["run", "contour", "--enforce"], ["change"], uid);
      expect(enforced.stdout).toBe("refused refused\n");
    });
  },
);
