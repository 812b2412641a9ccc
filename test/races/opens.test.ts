/**
 * Raced opens: another thread or a process outside changes the text of a path, or its target, while it is opened again
 * and again. The supervisor opens the object that it decided about, so the race is never won, with Landlock or without.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiler, NOBODY } from "../sensor/case.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { isCI, isRoot } from "../support/machine.ts";

/**
 * A race that can be won is won within a few thousand tries; CI takes a hundred thousand. Fewer as an ordinary user: the code is the
 * same.
 */
const tries = (uid: number | undefined, prefix: string) =>
  String(prefix !== "" ? 4000 : (uid === undefined ? 20_000 : 4000) * (isCI ? 5 : 1));
/** On a busy machine one side may not get its turn. */
const ROUNDS = 5;
const users = isRoot ? ([undefined, NOBODY] as const) : ([undefined] as const);

describe.skipIf(compiler === undefined || !isBuilt)("raced opens (needs gcc, a build)", () => {
  let directory: string;
  const at = (name: string) => join(directory, name);

  /** Two files and a link to each. */
  const lay = (uid: number | undefined) => {
    rmSync(at("place"), { recursive: true, force: true });
    mkdirSync(at("place"));
    for (const name of ["permitted", "forbidden"]) writeFileSync(at(`place/${name}`), `${name}\n`);
    symlinkSync("permitted", at("place/link"));
    symlinkSync("forbidden", at("place/spare"));
    if (uid !== undefined) execFileSync("chown", ["-R", String(uid), directory]);
  };

  const run = (words: readonly string[], how: string, way: string, tries: string, uid: number | undefined) => {
    const within = how === "absent" ? ["unshare", "--mount"] : [];
    return isoline([...words, "-q", "--", ...within, "./opens", how, way, tries], { cwd: directory, uid });
  };

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "isoline-opens-"));
    chmodSync(directory, 0o755);
    const source = fileURLToPath(new URL("./opens.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-w", "-static", "-o", "opens", source, "-lpthread"], { cwd: directory });
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  describe.each(users)("by uid %s", (uid) => {
    const cases = ["string", "create", "name"].flatMap((how) =>
      ["", "/proc/self/root", "/proc/self/cwd"].map((prefix) => [how, prefix] as const),
    );
    // In another root or mount namespace, what is missing is looked for twice.
    if (uid === undefined && isRoot) cases.push(["absent", ""]);
    it.each(cases)("%s, by way of '%s': never got what is off contour", async (how, prefix) => {
      const way = prefix.endsWith("cwd") ? `${prefix}/place` : `${prefix}${at("place")}`;
      lay(uid);
      if (uid !== undefined) chownSync(directory, uid, uid);
      if (how === "create") for (const name of ["permitted", "forbidden"]) rmSync(at(`place/${name}`));
      // One try, and no flipping.
      await run(["learn", "-o", "contour"], how, way, "1", uid);
      const race = async () => {
        let flipping: ChildProcess | undefined;
        if (how === "name" || how === "absent")
          flipping = spawn(at("opens"), [how === "name" ? "flip" : "come", at("place"), String(process.pid)], {
            stdio: "ignore",
          });
        const ended = await run(["run", "contour", "--enforce", "--no-landlock"], how, way, tries(uid, prefix), uid);
        flipping?.kill();
        const [won = 0, opened = 0, refused = 0] = ended.stdout.trim().split(" ").map(Number);
        return { won, races: opened > 100 && refused > 100 };
      };
      let outcome = await race();
      for (let round = 1; round < ROUNDS && outcome.won === 0 && !outcome.races; round++) outcome = await race();
      expect(outcome).toEqual({ won: 0, races: true });
    });
  });
});
