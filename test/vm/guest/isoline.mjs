/** The built command line, in the machine. */
import { spawnSync } from "node:child_process";
import { chownSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../../packages/isoline/bin/isoline", import.meta.url));

/** `nobody`. */
export const ORDINARY = 65534;

/** Starts isoline in directories of one user's own. @param {number} uid */
export function isolineAs(uid) {
  const cwd = mkdtempSync(join(tmpdir(), "isoline-"));
  chownSync(cwd, uid, uid);
  return {
    cwd,
    /** @param {readonly string[]} args */
    run: (...args) => {
      const { status, stdout, stderr } = spawnSync(program, args, {
        cwd,
        encoding: "utf8",
        env: { PATH: process.env["PATH"], HOME: cwd, LC_ALL: "C" },
        ...(uid === 0 ? {} : { uid, gid: uid }),
      });
      return { status, stdout, stderr };
    },
  };
}
