/** The BPF programs alone, in the machine: every event is decided to be on contour, for good. */
import { spawn, spawnSync } from "node:child_process";

const { KernelNamespace } = await import("../../packages/linux/dist/sensor/bpf/kernel-namespace.js");
const { fates, kinds, Record } = await import("../../packages/linux/dist/sensor/bpf/record.js");
const { sendSignal } = await import("../../packages/linux/dist/process/child.js");

/** @typedef {import("../../packages/linux/dist/sensor/bpf/kernel-namespace.js").KernelNamespace} Half */

const SIGCONT = 18;
const LONGEST_SLEEP_MS = 100;

/**
 * Begins a namespace. Node waits for the exec of its child and could not decide about it meanwhile, so nothing is held until then.
 *
 * @returns {Half}
 */
export const begin = () =>
  KernelNamespace.begin({
    attachment: "lsm",
    mode: "tell",
    versions: "run",
    bars: false,
    supervisor: process.pid,
    keys: 4096,
    holdSeconds: 60,
    label: "bench",
  });

/** Runs a command outside any namespace. @param {readonly string[]} command */
export function runBare([program = "", ...words]) {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`);
  return stdout;
}

/** Runs a command in the namespace, until its last process has ended. @param {Half} half @param {readonly string[]} command */
export async function runInside(half, [program = "", ...words]) {
  const born = half.census().born;
  half.launchFrom(process.pid);
  const child = spawn(program, words, { stdio: ["ignore", "pipe", "inherit"] });
  half.endLaunch();
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  const over = new Promise((resolve) => child.once("close", resolve));
  decideAll(half, born);
  const status = await over;
  if (status !== 0) throw new Error(`${program} ended with ${status} in the namespace`);
  return said;
}

/** @param {Half} half @param {number} before the number of processes born before */
function decideAll(half, before) {
  const record = new Record();
  const take = (/** @type {number} */ offset, /** @type {number} */ length) => {
    const { kind, fate, key, pending, pid, tid } = record.at(half.reader, offset, length);
    if (kind !== kinds.event) return;
    if (pending !== 0) half.assign(pending, 0);
    half.decide(key, true, 0);
    if (fate === fates.held && half.release(tid)) sendSignal(pid, SIGCONT);
  };
  for (;;) {
    half.reader.drain(take);
    const { live, born } = half.census();
    if (born > before && live <= 0) return;
    half.rest.sleep(LONGEST_SLEEP_MS, () => half.reader.hasMore);
  }
}
