/**
 * A file that is written through a shared mapping keeps its times after the first write to each page. No digest and no verdict
 * is kept for such a file: its present content counts, and the report says that it may be written.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
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

const hasOverlays = isRoot && readFileSync("/proc/filesystems", "latin1").includes("\toverlay\n");

describe.skipIf(compiler === undefined || !isBuilt || !hasOverlays)(
  "code on an overlay that is written through a mapping (needs gcc, a build, root, overlays)",
  () => {
    let directory: string;
    let place: string;
    const start = (words: readonly string[], ...program: readonly string[]) => {
      rmSync(join(place, "code"), { force: true });
      const report = join(directory, "report.json");
      return isoline([...words, "--report", report, "-q", "--", "../mapped-overlay", ...program], { cwd: place });
    };

    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), "isoline-mapped-overlay-"));
      place = join(directory, "merged");
      for (const name of ["lower", "upper", "work", "merged"]) mkdirSync(join(directory, name));
      const source = fileURLToPath(new URL("./mapped-overlay.c", import.meta.url));
      execFileSync("gcc", ["-O1", "-w", "-static", "-o", join(directory, "mapped-overlay"), source]);
      execFileSync("mount", ["-t", "overlay", "overlay", "-o", "lowerdir=lower,upperdir=upper,workdir=work", place], {
        cwd: directory,
      });
    });
    afterAll(() => {
      spawnSync("umount", ["-l", place]);
      rmSync(directory, { recursive: true, force: true });
    });

    it.each(["unnamed", "restricted"])("is judged by its present content, however it was made (%s)", async (way) => {
      const contour = join(directory, `${way}.contour`);
      expect(await start(["learn", "-o", contour], way)).toMatchObject({ status: 0, stdout: "mapped mapped\n" });
      const watched = await start(["check", contour], way, "change");
      expect(watched).toMatchObject({ status: 3, stdout: "mapped mapped\n" });
      expect(readReport(directory).departures.map(({ act }) => act.split(" ", 3).join(" "))).toEqual([
        "map access=execute path=$CWD/code",
      ]);
    });
  },
);

const MEMORY = "/dev/shm";
const isMemory = existsSync(MEMORY) && statfsSync(MEMORY).type === 0x0102_1994;

describe.skipIf(compiler === undefined || !isBuilt || !isMemory)(
  "code in memory that is written through a mapping, which changes no time of it (needs gcc, a build, tmpfs on /dev/shm)",
  () => {
    let directory: string;

    beforeAll(() => {
      directory = mkdtempSync(join(MEMORY, "isoline-mapped-"));
      for (const name of ["lower", "upper", "work", "merged", "plain"]) mkdirSync(join(directory, name));
      const source = fileURLToPath(new URL("./mapped-silently.c", import.meta.url));
      execFileSync("gcc", ["-O1", "-w", "-static", "-o", join(directory, "mapped-silently"), source]);
      if (hasOverlays)
        execFileSync(
          "mount",
          ["-t", "overlay", "overlay", "-o", "lowerdir=lower,upperdir=upper,workdir=work", "merged"],
          {
            cwd: directory,
          },
        );
    });
    afterAll(() => {
      spawnSync("umount", ["-l", join(directory, "merged")]);
      rmSync(directory, { recursive: true, force: true });
    });

    it.each(hasOverlays ? ["plain", "merged"] : ["plain"])("is judged by its present content (%s)", async (name) => {
      const place = join(directory, name);
      const start = (words: readonly string[], ...program: readonly string[]) => {
        writeFileSync(join(place, "code"), Buffer.alloc(4096));
        const report = join(directory, "report.json");
        return isoline([...words, "--report", report, "-q", "--", "../mapped-silently", ...program], { cwd: place });
      };
      const contour = join(directory, `${name}.contour`);
      expect(await start(["learn", "-o", contour])).toMatchObject({ status: 0, stdout: "mapped mapped\n" });
      expect(await start(["run", contour, "--enforce"])).toMatchObject({ status: 0, stdout: "mapped mapped\n" });
      expect(await start(["check", contour], "change")).toMatchObject({ status: 3, stdout: "mapped mapped\n" });
      expect(readReport(directory).departures.map(({ act }) => act.split(" ", 3).join(" "))).toEqual([
        "map access=execute path=$CWD/code",
      ]);
      expect((await start(["run", contour, "--enforce"], "change")).stdout).toBe("mapped refused\n");
    });
  },
);
