/** The user and the machine that run the tests. */
import { spawnSync } from "node:child_process";

export const isRoot = process.geteuid?.() === 0;

/** Whether a shell finds this program. */
export const isInstalled = (program: string): boolean => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
