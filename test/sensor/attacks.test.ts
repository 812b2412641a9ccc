/**
 * A hostile workload, enforced with Landlock and by the verdicts alone: what leads to something by a way that is no ordinary call has no
 * effect. The same program succeeds at it without isoline, so that a way that is closed by the machine shows.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench } from "../faults/bench.ts";
import { ended, isBuilt } from "../support/isoline.ts";
import { hasOrdinaryUser, isRoot } from "../support/machine.ts";
import { ATTACKS, lacked, LOST_ANYWAY, names, ONLY_ROOT, TOLD_ANYWAY, won } from "./attacks.ts";
import { compiler, NOBODY } from "./case.ts";

/** Discard (RFC 863): a datagram to it reaches nothing. */
const PORT = "9";
const LINKS = ["made-by-link", "linked", "linked-again"];

/** Where a program takes dumps, no limit and no rule keeps the kernel from it. */
const hasHandler = readFileSync("/proc/sys/kernel/core_pattern", "utf8").startsWith("|");

describe.skipIf(compiler === undefined || !isBuilt || !hasOrdinaryUser)(
  "attacks (need gcc, a build, an ordinary user)",
  () => {
    let bench: Bench;
    beforeAll(() => {
      bench = new Bench();
      const source = fileURLToPath(new URL("./attacks.c", import.meta.url));
      execFileSync("gcc", ["-O1", "-w", "-static", "-o", bench.at("attacks"), source]);
      mkdirSync(bench.at("jail"));
    });
    afterAll(() => bench?.clear());

    const users = isRoot ? [0, NOBODY] : [undefined];
    const lay = (uid: number | undefined) => {
      for (const [path, text] of [
        ["secret", "secret\n"],
        ["jail/file", "secret\n"],
        ["file", "plain\n"],
        ["log", "line\n"],
      ] as const) {
        bench.remove(path);
        writeFileSync(bench.at(path), text);
        if (uid !== undefined) chownSync(bench.at(path), uid, uid);
      }
      chmodSync(bench.at("file"), 0o755);
      for (const name of LINKS) bench.remove(name);
    };
    const command = ["./attacks", PORT, "all"];

    const cases = users.flatMap((uid) => [
      { uid, landlock: "on", flag: "", leavesCore: hasHandler },
      // The kernel dumps core by itself, which no system call asks for.
      { uid, landlock: "off", flag: " --no-landlock", leavesCore: true },
    ]);

    it.each(cases)(
      "by user $uid, Landlock $landlock: each is off contour or beyond the kernel's rules, and none has an effect",
      async ({ uid, flag, leavesCore }) => {
        const start = { cwd: bench.directory, ...(uid === undefined ? {} : { uid }) };
        lay(uid);
        // In namespaces of its own, so that nothing of it stays.
        const apart = uid === 0 ? ["unshare", "--mount", "--ipc"] : ["env"];
        const outside = await ended(apart[0] as string, [...apart.slice(1), ...command], start);
        const isLost = (name: string) =>
          LOST_ANYWAY.has(name) || (uid !== 0 && ONLY_ROOT.has(name)) || lacked(outside.stdout).includes(name);
        expect(won(outside.stdout)).toEqual(ATTACKS.filter((name) => !isLost(name)));
        await bench.run("learn -q -o contour", command.slice(0, 2), start);
        lay(uid);
        const { stdout } = await bench.run(`run --enforce -q contour --report report.json${flag}`, command, start);
        expect(won(stdout)).toEqual(leavesCore ? ["core"] : []);
        expect(names(stdout)).toEqual(ATTACKS);
        expect([bench.read("file"), bench.read("log"), bench.read("secret")]).toEqual([
          "plain\n",
          "line\n",
          "secret\n",
        ]);
        expect(LINKS.filter((name) => bench.has(name))).toEqual([]);
        const { verdict, off, refused, departures } = bench.report();
        expect(departures.map(({ act }) => act)).toContainEqual(expect.stringMatching(TOLD_ANYWAY));
        expect([verdict, refused]).toEqual(["off-contour", off]);
      },
    );
  },
);
