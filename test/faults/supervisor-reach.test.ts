/**
 * A workload tries to reach its supervisor in every way by which one process reaches another. No attempt has an effect, in any
 * mode, for root or for an ordinary user, and each attempt is reported.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { release } from "node:os";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { landlockVersion } from "../../packages/linux/src/abi/landlock.ts";
import { compiler } from "../sensor/case.ts";
import { ended, isBuilt } from "../support/isoline.ts";
import { Bench, shell, until } from "./bench.ts";
import { isRoot } from "../support/machine.ts";

/** What every process may read about any other. */
const HARMLESS = ["status", "stat", "cmdline"];
/** What only a connection leads to, which is refused by the contour already when enforcing. */
const BY_CONNECTION = ["pidfd-of-peer"];
const ways: Readonly<Record<string, readonly string[]>> = {
  look: [
    "mem",
    "mem-of-thread",
    "environ",
    "maps",
    "directory",
    "descriptors",
    "descriptor",
    "root",
    "relative",
  ].concat(["working-directory", "task", "oom"], HARMLESS),
  trace: ["traceme-first", "attach", "seize", "seize-thread", "read-memory", "write-memory", "perf"],
  descriptors: ["pidfd", "pidfd-of-thread", "pidfd-of-peer"],
  signals: [
    "kill",
    "stop",
    "tkill",
    "tgkill",
    "queue",
    "group",
    "group-stop",
    "owner",
    "owner-ex",
    "owner-group",
  ].concat(["owner-request"]),
  adjust: ["limit", "priority", "priority-thread", "priority-group", "priority-user", "scheduler", "affinity"].concat([
    "io-priority",
    "priority-mapped",
    "core",
    "core-thread",
    "core-group",
    "core-group-of-member",
  ]),
};
const EPERM = 1;
/** Processes have handles since Linux 6.14. */
const [major = 0, minor = 0] = release().split(".").map(Number);
const hasHandles = (major > 6 || (major === 6 && minor >= 14)) && landlockVersion() > 0;

describe.skipIf(compiler === undefined || !isBuilt)(
  "a process that reaches for the supervisor (needs gcc, a build)",
  () => {
    let bench: Bench;
    beforeAll(() => {
      bench = new Bench();
      const source = fileURLToPath(new URL("./reach.c", import.meta.url));
      execFileSync("gcc", ["-O1", "-w", "-static", "-o", bench.at("reach"), source]);
    });
    afterAll(() => bench?.clear());

    /** The contour of each user, learnt once: `contour` is that of this one. */
    const contours = new Map<number | undefined, string>();
    const learnt = async (uid: number | undefined): Promise<void> => {
      const known = contours.get(uid);
      if (known !== undefined) return bench.write("contour", known);
      bench.remove("contour");
      await bench.run("learn -q -o contour", ["./reach"], uid === undefined ? {} : { uid });
      contours.set(uid, bench.read("contour"));
    };

    const users: readonly (number | undefined)[] = isRoot ? [undefined, 0] : [undefined];
    const modes = ["learn -q -o other", "check -q contour", "check -q contour --enforce", "run -q contour --enforce"];
    const cases = users.flatMap((uid) =>
      Object.keys(ways).flatMap((way) => modes.map((words) => ({ uid, way, words }))),
    );

    it.each(cases)("$way, in `$words` (uid $uid)", async ({ uid, way, words }) => {
      const start = { ownGroup: true, ...(uid === undefined ? {} : { uid }) };
      await learnt(uid);
      const { status, stdout } = await bench.run(`${words} --report report.json`, ["./reach", way], start);
      const names = ways[way] as readonly string[];
      // A harmless attempt is off contour all the same.
      const harmless = words.includes("--enforce") ? String(EPERM) : "done";
      const expected = names.map((name) => `${name} ${HARMLESS.includes(name) ? harmless : EPERM}`);
      expect(stdout.split("\n").filter((line) => names.includes(line.split(" ")[0] as string))).toEqual(
        expect.arrayContaining(expected),
      );
      expect(stdout).toMatch(/end\n$/);
      const { kept, verdict } = bench.report();
      // Enforced, the user namespace is refused before.
      const notKept = words.includes("--enforce") ? [...HARMLESS, ...BY_CONNECTION, "priority-mapped"] : HARMLESS;
      expect(kept).toBeGreaterThanOrEqual(names.filter((name) => !notKept.includes(name)).length);
      expect(verdict).toBe(words.startsWith("learn") ? "learnt" : "off-contour");
      expect(status).toBe(words.startsWith("check") ? 3 : 0);
    });

    it.skipIf(!hasHandles).each(users.flatMap((uid) => modes.map((words) => ({ uid, words }))))(
      "by a handle, under rules of its own, in `$words` (uid $uid; needs Linux 6.14 and Landlock)",
      async ({ uid, words }) => {
        await learnt(uid);
        const start = { cwd: bench.directory, uid: uid ?? bench.uid };
        const outside = await ended("/bin/sh", ["-c", "./reach handle; true"], start);
        expect(outside.stdout).toBe("pidfd-by-handle done\nend\n");
        const { stdout } = await bench.run(words, ["./reach", "handle"], uid === undefined ? {} : { uid });
        expect(stdout).toBe(`pidfd-by-handle ${EPERM}\nend\n`);
      },
    );

    it("by signals to its group that it can take: they arrive, and the run continues", async () => {
      const all = [1, 2, 3, 10, 12, 13, 14, 15, 16, 23, 24, 26, 27, 28, 29, 30, 34, 64];
      const script = `for n in ${all.join(" ")}; do trap : $n; done 2>/dev/null; trap '' 13 34 64
      for n in ${all.join(" ")}; do kill -$n 0; done; echo survived`;
      const { status, stdout, stderr } = await bench.run("learn -q -o other", ["bash", "-c", script], {
        ownGroup: true,
      });
      expect([status, stdout]).toEqual([0, "survived\n"]);
      expect(stderr).not.toMatch(/not permitted/);
    });

    it.skipIf(!isRoot)("from outside, as the same user: the supervisor is closed to that user", async () => {
      let supervisor = 0;
      const running = bench.run("learn -q -o other", shell("echo x > begun; while [ -e begun ]; do sleep 0.1; done"), {
        onStart: (child) => {
          supervisor = child.pid as number;
        },
      });
      await until(() => bench.has("begun"));
      const read = () =>
        execFileSync("cat", [`/proc/${supervisor}/environ`], { uid: bench.uid, gid: bench.uid, stdio: "pipe" });
      expect(read).toThrow(/Permission denied/);
      expect(readFileSync(`/proc/${supervisor}/comm`, "utf8")).toMatch(/node|MainThread|isoline/);
      bench.remove("begun");
      expect((await running).status).toBe(0);
    });
  },
);
