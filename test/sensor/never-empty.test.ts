/**
 * Directories that are never empty and can be removed all the same: control groups, and instances of tracefs and configfs. The answer is
 * the kernel's own, a removal is an event, and off contour it is refused. A mount point, and a directory that holds what is stored there,
 * is not removed, and that is no event.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRoot } from "../support/machine.ts";
import { Bench } from "./bench.ts";
import { compiler } from "./case.ts";
import { call, numbers, type Script } from "./script.ts";
import { isBuilt, type Order, type Outcome, PLAIN } from "./supervised.ts";

const [EPERM, EBUSY, ENOTEMPTY] = [1, 16, 39];
const mine = `isoline-test-${process.pid}`;
const rmdir = (path: string): Script => call("rmdir", path);
const said = (errno: number) => `${numbers.rmdir}: ${errno === 0 ? "ok" : `errno ${errno}`}\n`;

/** A file system and a directory of it that can be made and removed. */
const places = [
  { type: "tracefs", path: `there/instances/${mine}` },
  { type: "cgroup2", path: `there/${mine}` },
  { type: "configfs", path: `there/netconsole/${mine}` },
] as const;

type Place = (typeof places)[number];

/** Runs a command beneath a file system that is mounted for it alone, and says whether the directory is there at the end. */
const within = ({ type, path }: Place): readonly string[] => {
  const end = `[ -d ${path} ] && echo stays || echo gone; rmdir ${path} 2>/dev/null; :`;
  return ["unshare", "--mount", "sh", "-c", `mount -t ${type} none there && mkdir ${path} && "$@"; ${end}`, "-"];
};

describe.skipIf(!compiler || !isBuilt || !isRoot)("directories that are never empty (need gcc, a build, root)", () => {
  let bench: Bench;
  let contour: string;

  beforeAll(async () => {
    bench = new Bench();
    mkdirSync(bench.at("there"));
    const learnt = await bench.run([call("open", "file", 0)], { policy: { ...PLAIN, reaction: "log" } });
    contour = learnt.learnt;
  });
  afterAll(() => bench?.close());

  describe.each(places)("of $type", (place) => {
    // The first is a mount point.
    const scripts = [rmdir("there"), rmdir(place.path)];
    const run = (order: Partial<Order>) => bench.run(scripts, { within: within(place), ...order });
    const removals = (outcome: Outcome) => bench.acts(outcome).filter((act) => act.startsWith("rmdir"));
    const removal = [expect.stringMatching(`^rmdir path=\\./${place.path} `)];

    it("are removed as without isoline, when learning and on contour", async (context) => {
      const alone = bare(place, scripts);
      context.skip(alone === undefined, `no directory can be made in ${place.type}`);
      expect(alone).toBe(`${said(EBUSY)}${said(0)}gone\n`);
      const learning = await run({ policy: { ...PLAIN, reaction: "log" } });
      expect(learning.stdout).toBe(alone);
      expect(removals(learning)).toEqual(removal);
      const enforcing = await run({ mode: "enforce", contour: learning.learnt });
      expect(enforcing.stdout).toBe(alone);
      expect(enforcing.report).toMatchObject({ off: 0, refused: 0, incomplete: [] });
    });

    it("are seen when they are removed off contour, and stay when enforcing", async (context) => {
      const alone = bare(place, scripts);
      context.skip(alone === undefined, `no directory can be made in ${place.type}`);
      const watching = await run({ mode: "watch", contour });
      expect(watching.stdout).toBe(alone);
      expect(watching.report).toMatchObject({ off: 1, refused: 0, incomplete: [] });
      expect(removals(watching)).toEqual(removal);
      const enforcing = await run({ mode: "enforce", contour });
      expect(enforcing.stdout).toBe(`${said(EBUSY)}${said(EPERM)}stays\n`);
      expect(enforcing.report).toMatchObject({ off: 1, refused: 1, incomplete: [] });
    });
  });

  it("what a stored directory holds keeps it, and that is no event when enforcing", async () => {
    mkdirSync(bench.at("full/inner"), { recursive: true });
    mkdirSync(bench.at("holds"));
    writeFileSync(bench.at("holds/file"), "");
    mkdirSync(bench.at("empty"));
    const scripts = [rmdir("full"), rmdir("holds"), call("rename", "empty", "full"), call("rename", "empty", "holds")];
    const { stdout, report } = await bench.run(scripts, { mode: "enforce", contour });
    expect(stdout).toBe(["84", "84", "82", "82"].map((each) => `${each}: errno ${ENOTEMPTY}\n`).join(""));
    expect(report).toMatchObject({ off: 0, refused: 0, attempts: 4, incomplete: [] });
  });

  /** What the same calls say without isoline; undefined if there is no such directory. */
  function bare(place: Place, scripts: readonly Script[]): string | undefined {
    const [program = "", ...words] = [...within(place), "./probe", ...scripts.flat()];
    const { stdout } = spawnSync(program, words, { cwd: bench.directory, encoding: "utf8" });
    return stdout.includes(`${numbers.rmdir}: `) ? stdout : undefined;
  }
});
