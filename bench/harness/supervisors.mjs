/** The ways to run a command: bare, under isoline, under strace. A program that is not installed is skipped by name. */
import { spawnSync } from "node:child_process";
import { present } from "../../tools/run.mjs";
import { commandLineOf } from "./session.mjs";

/** @typedef {(command: readonly string[]) => readonly string[]} Wrapping */
/** @typedef {import("./session.mjs").Session} Session */

const STRACE = "strace";

export const BARE = "bare";
export const LEARN = "isoline learn";
export const RUN = "isoline run";
export const ENFORCE = "isoline run --enforce";
export const STRACE_SAME = "strace, same calls";
export const STRACE_CLASSES = "strace, file+network+process";
export const STRACE_ALL = "strace, all calls";

/** @type {Wrapping} */
export const bare = (command) => command;

/**
 * Learns into a file that does not exist, or adds to one that does.
 *
 * @param {Session} session @param {string} contour @param {...string} options
 */
export function learning(session, contour, ...options) {
  return wrapped([session.isoline, "learn", "--quiet", "-o", contour, ...options, "--"]);
}

/** @param {Session} session @param {string} contour @param {...string} options */
export function running(session, contour, ...options) {
  return wrapped([session.isoline, "run", contour, "--quiet", ...options, "--"]);
}

/** Runs the other checkout, where one was named, to compare a change. @param {Session} session @param {string} contour */
export function other(session, contour) {
  if (session.against === undefined) return {};
  return { "isoline run, other checkout": wrapped([commandLineOf(session.against), "run", contour, "--quiet", "--"]) };
}

/**
 * strace with its own filter in the kernel, its output discarded.
 *
 *   same calls            those that isoline mediates, as far as strace can filter them: it stops at every mmap and
 *                         mprotect, isoline only at those that make memory executable; isoline stops at so few requests
 *                         of ioctl and fcntl that strace is not asked to trace them
 *   file+network+process  the classes that users usually name
 *   all calls             what `strace -f --seccomp-bpf` traces by default
 *
 * @param {Session} session @param {...string} which names of the above; all of them if none is named
 * @returns {Promise<Record<string, Wrapping>>}
 */
export async function straces(session, ...which) {
  if (!present(STRACE)) {
    session.skip(STRACE, "not installed");
    return {};
  }
  if (spawnSync(STRACE, ["-qq", "-f", "-o", "/dev/null", "true"]).status !== 0) {
    session.skip(STRACE, "may not trace here");
    return {};
  }
  const all = {
    [STRACE_SAME]: tracing(await mediatedCalls()),
    [STRACE_CLASSES]: tracing("%file,%network,%process"),
    [STRACE_ALL]: tracing("all"),
  };
  return Object.fromEntries(Object.entries(all).filter(([name]) => which.length === 0 || which.includes(name)));
}

/** @param {string} calls */
const tracing = (calls) => wrapped([STRACE, "-qq", "-f", "--seccomp-bpf", "-e", `trace=${calls}`, "-o", "/dev/null"]);

/** The question mark makes strace ignore a call that it is too old to know. */
async function mediatedCalls() {
  const { syscallNumbers } = await import("../../packages/linux/dist/abi/syscalls.js");
  return Object.keys(syscallNumbers)
    .filter((name) => name !== "ioctl" && name !== "fcntl")
    .map((name) => `?${name}`)
    .join(",");
}

/** @param {readonly string[]} before @returns {Wrapping} */
const wrapped = (before) => (command) => [...before, ...command];
