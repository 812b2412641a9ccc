/**
 * Runs all probes of the compiled package, and prints the state of this process before and afterwards.
 *
 *   node probing.mjs DIRECTORY [under-a-listener]
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isMainThread, Worker, workerData } from "node:worker_threads";

/** The state that a probe might change. */
function marks() {
  const status = readFileSync("/proc/self/status", "latin1");
  const field = (/** @type {string} */ name) => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1];
  const children = readdirSync("/proc/self/task").flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, "latin1").trim().split(" "),
  );
  return {
    noNewPrivileges: field("NoNewPrivs"),
    seccomp: field("Seccomp"),
    filters: field("Seccomp_filters"),
    children: children.filter((pid) => pid !== ""),
  };
}

/** @param {string} directory */
async function probe(directory) {
  const { probeAll } = await import(`${directory}/probe/probe-all.js`);
  const before = marks();
  const probes = await probeAll();
  const again = await probeAll();
  console.log(JSON.stringify({ probes, isRemembered: again === probes, before, after: marks() }));
}

/** Starts the program again in a thread that has a listener of its own. @param {string} directory */
async function probeUnder(directory) {
  const { addressOf, prctl, seccomp } = await import(`${directory}/abi/libc.js`);
  const filter = Buffer.from([6, 0, 0, 0, 0, 0, 0xff, 0x7f]);
  const program = Buffer.alloc(16);
  program.writeUInt16LE(1, 0);
  program.writeBigUInt64LE(addressOf(filter), 8);
  prctl(38, 1);
  if (seccomp(1, 8, program) < 0) throw new Error("no listener to be under");
  process.stdout.write(execFileSync(process.execPath, [fileURLToPath(import.meta.url), directory]));
}

const [, , directory = "", under] = process.argv;
if (!isMainThread) await probeUnder(workerData);
else if (under) new Worker(new URL(import.meta.url), { workerData: directory });
else await probe(directory);
