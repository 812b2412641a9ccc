/** Names and attributes: the object that was decided about is the one that is changed, whatever another thread does meanwhile. */
import { chmodSync, chownSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Arena, obstacle, TRIES } from "./arena.ts";
import { isCI } from "../support/machine.ts";

const nothing = () => {};
const file = (path: string) => writeFileSync(path, "text\n");
const directory = (path: string) => mkdirSync(path);
/** A file that the act has already changed. */
const after = (done: (path: string) => void) => (path: string) => {
  file(path);
  done(path);
};
const closed = after((path) => chmodSync(path, 0o600));
const anothers = after((path) => chownSync(path, 1, 0));
const early = after((path) => utimesSync(path, 1, 1));
const marked = after((path) => execFileSync(join(dirname(dirname(path)), "attacker"), ["mark", path]));

/** For each: what creates the good object, what creates the evil one as the act would leave it, and what changes meanwhile. */
const races: readonly [act: string, good: (path: string) => void, evil: (path: string) => void, flips: string[]][] = [
  ["mkdir", nothing, directory, ["string", "directory", "way"]],
  ["rmdir", directory, nothing, ["string", "directory", "way"]],
  ["mknod", nothing, file, ["string"]],
  ["symlink", nothing, file, ["string", "way"]],
  ["link", nothing, file, ["string", "way"]],
  ["unlink", file, nothing, ["string", "directory", "way"]],
  ["rename", file, nothing, ["string", "way"]],
  ["truncate", file, (path) => writeFileSync(path, ""), ["string", "directory", "way"]],
  ["chmod", file, closed, ["string", "directory", "way"]],
  ["chown", file, anothers, ["string"]],
  ["utimens", file, early, ["string"]],
  ["setxattr", file, marked, ["string"]],
  ["fchmod", file, closed, ["descriptor"]],
  ["fchown", file, anothers, ["descriptor"]],
  ["futimens", file, early, ["descriptor"]],
  ["fsetxattr", file, marked, ["descriptor"]],
];

/** One act of each kind: create, remove, move, change by path, change by descriptor; with every flip that applies. */
const OF_CLASS = ["mkdir", "unlink string", "rename string", "truncate string", "chmod", "fchmod"];
const triesOf = (act: string, flip: string) =>
  OF_CLASS.some((each) => each === act || each === `${act} ${flip}`) ? TRIES.ofClass : TRIES.each;

describe.skipIf(!isCI || obstacle !== undefined)(
  `a race for a name or an attribute (only in CI${obstacle ? `, ${obstacle}` : ""})`,
  () => {
    let arena: Arena;
    beforeAll(() => {
      arena = new Arena();
    });
    afterAll(() => arena.close());

    /** What each try must find: a try that was not undone would make the next one impossible. The outside process is killed with `next`. */
    const laid = () =>
      ["good", "evil", "."].map((name) => readdirSync(arena.at(name)).filter((each) => each !== "next"));

    describe.each(races)("%s", (act, good, evil, flips) => {
      let found: readonly string[][];
      beforeAll(async () => {
        arena.lay(good, evil);
        if (act === "rename") file(arena.at("moved"));
        await arena.learn(act);
        found = laid();
      });

      const cases = flips.flatMap((flip): [flip: string, prefix?: string][] =>
        flip === "descriptor" ? [[flip]] : [[flip], [flip, "/proc/self/cwd/"]],
      );
      it.each(cases)("is not won by changing the %s (by way of %s)", async (flip, prefix) => {
        const tries = prefix === undefined ? triesOf(act, flip) : TRIES.ofPrefix;
        const { tally, report, racy } = await arena.race(act, flip, tries, prefix);
        expect(tally.evil).toBe(0);
        expect(tally.good).toBeGreaterThan(0);
        expect(report.refused).toBeGreaterThan(0);
        expect(racy).toEqual([]);
        expect(report.incomplete).toEqual([]);
        expect(laid()).toEqual(found);
      });
    });
  },
);
