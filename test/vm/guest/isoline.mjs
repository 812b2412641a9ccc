/** The compiled command line, in the virtual machine. */
import { spawn, spawnSync } from "node:child_process";
import { chownSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const program = fileURLToPath(new URL("../../../packages/isoline/bin/isoline", import.meta.url));

/** `nobody`. */
export const ORDINARY = 65534;

/**
 * Starts isoline in a directory of one user, on one processor: V8 often changes the protection of pages, and under emulation it
 * costs more to interrupt other processors than they gain.
 *
 * @param {number} uid
 */
export function isolineAs(uid) {
  const cwd = mkdtempSync(join(tmpdir(), "isoline-"));
  chownSync(cwd, uid, uid);
  return {
    cwd,
    /** @param {readonly string[]} args */
    run: (...args) => {
      const { status, stdout, stderr } = spawnSync("taskset", ["--cpu-list", "0", program, ...args], {
        cwd,
        encoding: "utf8",
        env: { PATH: process.env["PATH"], HOME: cwd, LC_ALL: "C" },
        ...(uid === 0 ? {} : { uid, gid: uid }),
      });
      return { status, stdout, stderr };
    },
    /**
     * Runs it beside the test, with pipes for its input and output.
     *
     * @param {readonly string[]} args
     */
    start: (...args) => spawn(program, args, { cwd, env: { PATH: process.env["PATH"], HOME: cwd, LC_ALL: "C" } }),
  };
}
