/**
 * A hostile workload, enforced with Landlock: what leads to something by a way that is no ordinary call has no effect. The same program
 * succeeds at it without isoline, so that a way that is closed by the machine shows.
 */
import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench } from "../faults/bench.ts";
import { ended, isBuilt } from "../support/isoline.ts";
import { hasOrdinaryUser, isRoot } from "../support/machine.ts";
import { compiler, NOBODY } from "./case.ts";

/** Discard (RFC 863): a datagram to it reaches nothing. */
const PORT = "9";
/** Of these at least, and by an ordinary user: so much of the program does something at all. */
const WON_OUTSIDE = { root: 30, user: 15 };

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
      bench.remove("made-by-link");
      bench.remove("linked");
    };
    const won = (stdout: string) => stdout.split("\n").filter((line) => line.endsWith(" won"));
    const names = (stdout: string) => [...stdout.matchAll(/^(\S+) (?:won|lost \d+)$/gm)].map(([, name]) => name);
    const command = ["./attacks", PORT, "all"];

    it.each(users)(
      "by user %s: each is off contour or beyond the kernel's rules, and none has an effect",
      async (uid) => {
        const start = { cwd: bench.directory, ...(uid === undefined ? {} : { uid }) };
        lay(uid);
        // In namespaces of its own, so that nothing of it stays.
        const apart = uid === 0 ? ["unshare", "--mount", "--ipc"] : ["env"];
        const outside = await ended(apart[0] as string, [...apart.slice(1), ...command], start);
        expect(won(outside.stdout).length).toBeGreaterThanOrEqual(uid === 0 ? WON_OUTSIDE.root : WON_OUTSIDE.user);
        lay(uid);
        await bench.run("learn -q -o contour", command.slice(0, 2), start);
        const { stdout } = await bench.run("run --enforce -q contour --report report.json", command, start);
        expect(won(stdout)).toEqual([]);
        expect(names(stdout)).toEqual(expect.arrayContaining(names(outside.stdout)));
        expect([bench.read("file"), bench.read("log"), bench.read("secret")]).toEqual([
          "plain\n",
          "line\n",
          "secret\n",
        ]);
        expect(["made-by-link", "linked"].filter((name) => bench.has(name))).toEqual([]);
        const { verdict, off, refused } = bench.report();
        expect([verdict, refused]).toEqual(["off-contour", off]);
      },
    );
  },
);
