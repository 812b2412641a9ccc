/**
 * Opens that the supervisor must not make in place of a task: of a FIFO, for which it would wait; of a terminal, which would be its own;
 * of a leased file. The task makes them itself. Their results are those without isoline, and the report counts them.
 */
import { type ChildProcess, execFileSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRoot } from "../support/machine.ts";
import { ended, isBuilt, isoline, readReport } from "../support/isoline.ts";
import { compiler, NOBODY } from "./case.ts";

const sections = [
  {
    section: "fifos",
    opens: 8,
    says: ["the reader waits, others open: 20", "the reader waits: met 1, its open ended 0", "an alarm: EINTR"],
  },
  {
    section: "terminals",
    opens: 3,
    says: ["it has one: 1", "it is that one: 1", "the parent has no other than before: 1"],
  },
  { section: "lease", opens: 1, says: ["lease: 0", "open of a leased file: 0"] },
] as const;
const ways = [
  { who: "root", uid: 0, needs: " (needs root)", isThere: isRoot },
  { who: "an ordinary user", uid: isRoot ? NOBODY : undefined, needs: "", isThere: true },
] as const;
const rows = ways.flatMap((way) => sections.map((each) => ({ ...way, ...each })));

describe.skipIf(compiler === undefined || !isBuilt)("opens that wait (need gcc, a build)", () => {
  let directory: string;
  const started: ChildProcess[] = [];
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "isoline-waits-"));
    chmodSync(directory, 0o755);
    const source = fileURLToPath(new URL("./waits.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-w", "-static", "-o", join(directory, "waits"), source]);
  });
  afterAll(() => {
    // A supervisor that waits does not end by itself.
    for (const { pid, exitCode, signalCode } of started)
      if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, "SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  });

  function lay(name: string, uid: number | undefined): string {
    const place = join(directory, name);
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place);
    for (const file of ["file", "leased"]) writeFileSync(join(place, file), "text\n");
    copyFileSync(join(directory, "waits"), join(place, "waits"));
    for (const file of [".", "file", "leased"]) if (uid !== undefined) chownSync(join(place, file), uid, uid);
    return place;
  }

  for (const { who, uid, needs, isThere, section, opens, says } of rows)
    it.skipIf(!isThere)(`${section}, as ${who}${needs}`, async () => {
      // A session of its own without a terminal, so that a terminal could become its own.
      const onStart = (child: ChildProcess) => void started.push(child);
      const start = (name: string) => ({ cwd: lay(name, uid), uid, ownGroup: true, onStart });
      const bare = await ended("./waits", [section], start("bare"));
      expect(bare.stdout.split("\n")).toEqual(expect.arrayContaining([...says]));
      const contour = join(lay("kept", uid), "made.contour");
      for (const words of [["learn", "-o"], ["check"], ["run", "--enforce", "--no-landlock"]]) {
        const inside = start("inside");
        const ran = await isoline(
          [...words, contour, "-q", "--report", "report.json", "--", "./waits", section],
          inside,
        );
        expect(ran.stdout.split("\n")).toEqual(bare.stdout.split("\n"));
        expect(readReport(inside.cwd)).toMatchObject({ off: 0, refused: 0, incomplete: [], racy: { open: opens } });
      }
    });
});
