/** The user and the machine that run the tests. */
import { spawnSync } from "node:child_process";

/** Suites that take long run only there; elsewhere they are skipped by name. */
export const isCI = process.env["CI"] !== undefined;

export const isRoot = process.geteuid?.() === 0;

/** Whether a shell finds this program. */
export const isInstalled = (program: string): boolean => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
