/** The BPF programs without a supervisor: how they attach, and which events of a program they report. */
import { spawn } from "node:child_process";

/** Best first. */
const attachments = /** @type {const} */ (["lsm", "fmod_ret", "tracepoints"]);
const KIND_EVENT = 1;

/** @returns {Promise<{ name: "lsm" | "fmod_ret" | "tracepoints" } | { missing: string }>} */
export async function bestAttachment() {
  if (process.getuid?.() !== 0) return { missing: "only root may load BPF programs" };
  const { Load } = await import("../../packages/linux/dist/sensor/bpf/load.js");
  const refusals = [];
  for (const name of attachments) {
    try {
      Load.try(name);
      return { name };
    } catch (fault) {
      refusals.push(`${name}: ${String(fault)}`);
    }
  }
  return { missing: refusals.join("; ") };
}

/**
 * How long it takes to begin a namespace, in milliseconds: the first one of a machine, and one beside it. A namespace before
 * these has warmed up the code and the kernel.
 *
 * @param {"lsm" | "fmod_ret" | "tracepoints"} attachment @param {number} rounds
 */
export async function startsWarm(attachment, rounds) {
  const { KernelNamespace } = await import("../../packages/linux/dist/sensor/bpf/kernel-namespace.js");
  const begin = () =>
    KernelNamespace.begin({
      ...{ attachment, mode: "tell", versions: "run", bars: false, supervisor: process.pid },
      ...{ keys: 4096, holdSeconds: 1, label: "bench" },
    });
  const timed = () => {
    const start = performance.now();
    const namespace = begin();
    return { namespace, milliseconds: performance.now() - start };
  };
  begin().leave();
  const loads = [];
  const joins = [];
  for (let round = 0; round < rounds; round++) {
    const first = timed();
    try {
      const next = timed();
      next.namespace.leave();
      joins.push(next.milliseconds);
    } finally {
      first.namespace.leave();
    }
    loads.push(first.milliseconds);
  }
  return { loads, joins };
}

/**
 * Runs a program repeatedly in a namespace where every reported event is on contour from then on, and counts its opens the last
 * time.
 *
 * @param {string} attachment @param {readonly string[]} command
 */
export async function toldAgain(attachment, command) {
  const { KernelNamespace } = await import("../../packages/linux/dist/sensor/bpf/kernel-namespace.js");
  const { Record } = await import("../../packages/linux/dist/sensor/bpf/record.js");
  const namespace = KernelNamespace.begin({
    attachment: /** @type {"tracepoints"} */ (attachment),
    mode: "tell",
    versions: "run",
    bars: false,
    supervisor: process.pid,
    keys: 4096,
    holdSeconds: 1,
    label: "bench",
  });
  const record = new Record();
  const take = (/** @type {number} */ offset, /** @type {number} */ length) => {
    const { kind, key, pending } = record.at(namespace.reader, offset, length);
    if (kind !== KIND_EVENT) return;
    if (pending !== 0) namespace.assign(pending, 0);
    namespace.decide(key, true, 0);
  };
  const run = async () => {
    const before = opens(namespace);
    namespace.launchFrom(process.pid);
    const [program = "", ...words] = command;
    const child = spawn(program, words, { stdio: "ignore" });
    namespace.endLaunch();
    const over = new Promise((resolve) => child.once("close", resolve));
    const reading = setInterval(() => namespace.reader.drain(take), 1);
    await over;
    clearInterval(reading);
    namespace.reader.drain(take);
    const after = opens(namespace);
    return { seen: after.seen - before.seen, sentUp: after.sentUp - before.sentUp };
  };
  try {
    // From the second run on every process has an identity from its beginning.
    await run();
    await run();
    return await run();
  } finally {
    namespace.leave();
  }
}

const opens = (
  /** @type {import("../../packages/linux/dist/sensor/bpf/kernel-namespace.js").KernelNamespace} */ namespace,
) => namespace.tallies().get("open") ?? { seen: 0, sentUp: 0 };
