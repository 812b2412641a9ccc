/** The user and the machine that run the tests. */
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { dirname } from "node:path";

/** After this moment nothing that takes long begins, in milliseconds since 1970 (`tools/test-runs.mjs`). */
export const beginUntil = Number(process.env["ISOLINE_BEGIN_LONG_UNTIL"] ?? Number.POSITIVE_INFINITY);

/** What takes long runs only there, while there is time for it; elsewhere it is skipped by name. */
export const isCI = process.env["CI"] !== undefined && Date.now() < beginUntil;

/** The same for what takes so many seconds more than other suites. */
export const isCIFor = (seconds: number) => isCI && Date.now() + seconds * 1000 < beginUntil;

/** Whether every user can enter the folder of this checkout, as a test has to that changes from root to another user. */
function isOpenToAll(folder: string): boolean {
  const above = dirname(folder);
  return (statSync(folder).mode & 1) === 1 && (above === folder || isOpenToAll(above));
}

/** Root, in a checkout that other users can enter: in a private folder, what needs root is skipped by name. */
export const isRoot = process.geteuid?.() === 0 && isOpenToAll(import.meta.dirname);

/**
 * Whether tests can be an ordinary user: the one who runs them, or one that root becomes. Root in a private folder cannot, and what is
 * about such a user is skipped by name: nothing is closed to root, and what root attacks would be this machine itself.
 */
export const hasOrdinaryUser = isRoot || process.geteuid?.() !== 0;

/** Whether a shell finds this program. */
export const isInstalled = (program: string): boolean => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
