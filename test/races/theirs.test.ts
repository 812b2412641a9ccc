/**
 * Raced calls that the task makes itself: enforced without Landlock, such a race can be won. The report counts each call that went
 * ahead as `racy`, so no win is silent. `docs/guarantees/seccomp.md` has how often each was won.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isoline, readReport } from "../support/isoline.ts";
import { isCI } from "../support/machine.ts";
import { obstacle } from "./arena.ts";

const TRIES = isCI ? 3000 : 300;
const ROUNDS = 10;

type Lay = (path: string, text: string) => void;
const file: Lay = (path, text) => writeFileSync(path, text);
/** The program removes that of the evil one first, so that this is learnt of both. */
const directory: Lay = (path, text) => mkdirSync(text === "evil" ? join(path, "n") : path, { recursive: true });
const marked: Lay = (path, text) => {
  mkdirSync(path);
  writeFileSync(join(path, "n"), text);
};
const fifo: Lay = (path) => void execFileSync("mkfifo", [path]);
const nothing: Lay = () => {};

/** For each: the calls that the report counts, what `good` and `evil` are, and between what the argument changes. */
const races: readonly [act: string, calls: readonly string[], lay: Lay, pair: readonly [string, string]][] = [
  ["map", ["mmap"], file, ["good", "evil"]],
  ["fifo", ["open", "openat"], fifo, ["good", "evil"]],
  ["connect", ["connect"], nothing, ["good", "evil"]],
  ["send", ["sendto"], nothing, ["good", "evil"]],
  ["exchange", ["sendmsg"], nothing, ["good", "evil"]],
  ["mount", ["mount"], marked, ["good", "evil"]],
  ["chroot", ["chroot"], marked, ["good", "evil"]],
  ["groups", ["setgroups"], nothing, ["4001", "4002"]],
  ["mkdir", ["mkdir"], directory, ["good/n", "evil/n"]],
];

describe.skipIf(obstacle !== undefined)(
  `a race for a call of the task's own${obstacle ? ` (${obstacle})` : ""}`,
  () => {
    let place: string;
    beforeAll(() => {
      place = mkdtempSync(join(tmpdir(), "isoline-theirs-"));
      const source = fileURLToPath(new URL("theirs.c", import.meta.url));
      execFileSync("gcc", ["-O1", "-w", "-static", "-o", "theirs", source, "-lpthread"], { cwd: place });
      mkdirSync(join(place, "place"));
    });
    afterAll(() => rmSync(place, { recursive: true, force: true }));

    const run = async (words: readonly string[], args: readonly string[]) => {
      for (const name of ["good", "evil"]) rmSync(join(place, name), { recursive: true, force: true });
      const [, , lay = nothing] = races.find(([act]) => act === args[0]) ?? [];
      for (const name of ["good", "evil"]) lay(join(place, name), name);
      const { stdout, stderr } = await isoline([...words, "--report", "report.json", "-q", "--", "./theirs", ...args], {
        cwd: place,
      });
      const tally = stdout.trim().split(" ").map(Number);
      if (tally.length !== 3) throw new Error(`${args.join(" ")} said nothing: ${stderr}`);
      const { racy, refused } = readReport(place);
      return { good: tally[0] ?? 0, won: tally[1] ?? 0, racy, refused };
    };

    /** Once more if one side never had its turn, which a busy machine may bring about. */
    const race = async (args: readonly string[]) => {
      for (let round = 1; ; round++) {
        const { good, won, racy, refused } = await run(["run", "--enforce", "--no-landlock", "contour"], args);
        const raced = good > 0 && won + refused > 0;
        if (raced || round === ROUNDS) return { raced, ahead: good + won, won, racy };
      }
    };

    it.each(races)("%s: each that went ahead is counted", async (act, calls, _lay, [good, evil]) => {
      const learnt = await run(["learn", "-o", "contour"], [act, "3", good, evil]);
      expect({ good: learnt.good, won: learnt.won }).toEqual({ good: 3, won: 0 });
      const { raced, ahead, won, racy } = await race([act, String(TRIES), good, evil]);
      const counted = calls.reduce((sum, call) => sum + (racy[call] ?? 0), 0);
      expect({ raced, counted: counted >= ahead }).toEqual({ raced: true, counted: true });
      if (isCI) process.stdout.write(`a race for ${act}: ${won} of ${TRIES} won\n`);
    });
  },
);
