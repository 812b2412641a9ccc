/**
 * System calls return the same inside a namespace as outside: calls with odd arguments, whose errors the sensor predicts, and
 * calls on sockets that the supervisor performs. That holds when learning, and for what was learnt when watching and enforcing, with
 * Landlock beneath where it can be and without it.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiler, NOBODY } from "../sensor/case.ts";
import { isBuilt, isoline, readReport } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";

const PROGRAMS = [
  ["odd-calls", "calls with odd arguments fail as they do outside"],
  ["sockets", "sockets are connected, sent from and bound as outside"],
] as const;

/** Once more on what was learnt. */
const MODES = [
  ["watched", ["check"]],
  ["enforced", ["run", "--enforce", "--no-landlock"]],
  ["enforced-beneath", ["run", "--enforce"]],
] as const;

const WHO = [
  ["as root", isRoot ? 0 : undefined, " (needs root)"],
  ["as an ordinary user", isRoot ? NOBODY : process.getuid?.(), ""],
] as const;

describe.skipIf(compiler === undefined || !isBuilt)("system calls inside (needs gcc, a build)", () => {
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "isoline-alike-"));
    chmodSync(directory, 0o755);
    for (const [program] of PROGRAMS) {
      const source = fileURLToPath(new URL(`./${program}.c`, import.meta.url));
      execFileSync("gcc", ["-O1", "-w", "-static", "-o", program, source, "-lpthread"], { cwd: directory });
    }
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  for (const [who, uid, needs] of WHO)
    for (const [program, does] of PROGRAMS)
      it.skipIf(uid === undefined)(`${does}, ${who}${needs}`, async () => {
        const place = (name: string): string => {
          const path = join(directory, `${program}-${uid}-${name}`);
          mkdirSync(path);
          copyFileSync(join(directory, program), join(path, "program"));
          if (uid !== undefined && isRoot) chownSync(path, uid, uid);
          return path;
        };
        const ids = uid === undefined || !isRoot ? {} : { uid, gid: uid };
        const cwd = place("outside");
        const outside = execFileSync(join(cwd, "program"), { cwd, encoding: "utf8", input: "", ...ids });
        const inside = place("inside");
        const words = ["learn", "-q", "-o", "made.contour", "--report", "report.json", "--", "./program"];
        const { stdout } = await isoline(words, { cwd: inside, uid: isRoot ? uid : undefined });
        expect(outside.split("\n").length).toBeGreaterThan(50);
        expect(stdout.split("\n")).toEqual(outside.split("\n"));
        expect(readReport(inside).incomplete).toEqual([]);
        for (const [name, words] of MODES) {
          const again = place(name);
          const contour = join(inside, "made.contour");
          const ran = await isoline([...words, "-q", "--report", "report.json", contour, "--", "./program"], {
            cwd: again,
            uid: isRoot ? uid : undefined,
          });
          expect(ran.stdout.split("\n")).toEqual(outside.split("\n"));
          expect(readReport(again)).toMatchObject({ verdict: "on-contour", off: 0, refused: 0, incomplete: [] });
        }
      });
});
