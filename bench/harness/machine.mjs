/** When and on what machine the figures were taken: what a reader needs to compare them, without the name of the machine. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { repository } from "../../tools/run.mjs";

/**
 * @typedef {object} Circumstances
 * @property {string} date UTC, to the minute
 * @property {string} commit what was measured; with "+" when the tree had other changes
 * @property {{ kernel: string, processor: string, cores: number, memoryGiB: number, virtual: boolean, node: string,
 *   strace?: string, load: string }} machine
 */

/** @returns {Circumstances} */
export function circumstances() {
  const strace = said("strace", ["--version"])?.match(/version ([\d.]+)/)?.[1];
  return {
    date: `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC`,
    commit: commit(),
    machine: {
      kernel: release().match(/^\d+\.\d+(\.\d+)?/)?.[0] ?? "?",
      processor: cpus()[0]?.model ?? "?",
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      virtual: /^flags\s*:.*\bhypervisor\b/m.test(read("/proc/cpuinfo")),
      node: process.versions.node,
      ...(strace === undefined ? {} : { strace }),
      load: read("/proc/loadavg").split(" ").slice(0, 3).join(" "),
    },
  };
}

function commit() {
  const head = said("git", ["rev-parse", "--short=12", "HEAD"])?.trim();
  if (head === undefined) return "unknown";
  return head + (said("git", ["status", "--porcelain", "--", "packages"]) === "" ? "" : "+");
}

/** @param {string} program @param {readonly string[]} args */
function said(program, args) {
  const { status, stdout } = spawnSync(program, args, { cwd: repository, encoding: "utf8" });
  return status === 0 ? stdout : undefined;
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
