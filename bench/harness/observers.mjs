/**
 * Other programs that report opens. Each observes one run of another program. `npm test` does not install those that only the
 * benchmarks need: `apt-get install auditd bpftrace`. An observer that is missing or does not work is named.
 */
import { spawn, spawnSync } from "node:child_process";
import { createReadStream, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { present } from "../../tools/run.mjs";

/** @typedef {import("./session.mjs").Session} Session */
/** How many opens an observer received, and how many it reports as lost. @typedef {{ heard: number, lost: string }} Heard */
/** @typedef {{ stop: () => Promise<Heard> }} Observing */
/** @typedef {{ name: string, begin: (session: Session, program: string, file: string) => Promise<Observing> }} Observer */

const READY_MS = 20_000;
/** The time limit for writing what was recorded. */
const SETTLING_MS = 1500;

/** @type {readonly Observer[]} */
export const observers = [
  { name: "fanotify, told", begin: (session, _, file) => fanotify(session, [file]) },
  { name: "fanotify, asked", begin: (session, _, file) => fanotify(session, [file, "ask"]) },
  { name: "bpftrace", begin: (session, program) => bpftrace(session, program) },
  { name: "auditd", begin: (session, program) => auditd(session, program) },
];

/** @param {Session} session @param {readonly string[]} words @returns {Promise<Observing>} */
async function fanotify(session, words) {
  const listener = await started(session, session.program("opened"), words);
  return {
    async stop() {
      listener.child.stdin?.end();
      await listener.over;
      const [heard = 0, overflows = 0] = (listener.said().split("\n")[1] ?? "").split(" ").map(Number);
      return { heard, lost: overflows === 0 ? "none by its own count" : `its queue overflowed ${overflows} times` };
    },
  };
}

/** @param {Session} session @param {string} program @returns {Promise<Observing>} */
async function bpftrace(session, program) {
  needs("bpftrace");
  const told = join(session.scratch, "bpftrace.txt");
  const calls = ["openat", "open"].map((call) => `tracepoint:syscalls:sys_enter_${call}`).join(", ");
  const action = `/comm == "${basename(program)}"/ { printf("%s\n", str(args->filename)); }`;
  const script = `BEGIN { printf("ready\n"); } ${calls} ${action}`;
  const tracer = await started(session, "bpftrace", ["-o", told, "-e", script], told);
  return {
    async stop() {
      await setTimeout(SETTLING_MS);
      tracer.child.kill("SIGINT");
      await tracer.over;
      const heard = await countLines(told, /^\//);
      const said = readFileSync(told, "utf8").slice(-4096) + tracer.complained();
      const lost = [...said.matchAll(/Lost (\d+) events/g)].reduce((sum, [, count]) => sum + Number(count), 0);
      return { heard, lost: lost === 0 ? "none by its own count" : `${lost} by its own count` };
    },
  };
}

/** @param {Session} session @param {string} program @returns {Promise<Observing>} */
async function auditd(session, program) {
  needs("auditd", "auditctl");
  const folder = session.folder("auditd");
  const log = join(folder, "log");
  const careless = ["max_log_file", "space_left", "admin_space_left", "disk_full", "disk_error"];
  const settings = {
    ...{ local_events: "yes", write_logs: "yes", log_file: log, log_format: "RAW", flush: "NONE" },
    ...{ max_log_file: 4000, num_logs: 0, space_left: 75, admin_space_left: 50 },
    ...Object.fromEntries(careless.map((what) => [`${what}_action`, "IGNORE"])),
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  writeFileSync(join(folder, "auditd.conf"), lines.join(""), { mode: 0o640 });
  const before = auditStatus();
  if (before.get("pid") !== 0) throw new Error("another audit daemon runs here");
  const daemon = spawn("auditd", ["-n", "-c", folder], { stdio: ["ignore", "ignore", "pipe"] });
  const over = new Promise((resolve) => daemon.once("close", resolve));
  const rule = ["always,exit", "-F", "arch=b64", "-S", "open,openat", "-F", `exe=${program}`, "-k", "bench"];
  const end = async () => {
    spawnSync("auditctl", ["-d", ...rule]);
    await setTimeout(SETTLING_MS);
    const { lost = 0 } = Object.fromEntries(auditStatus());
    spawnSync("auditctl", ["-e", String(before.get("enabled") ?? 0)]);
    spawnSync("auditctl", ["-b", String(before.get("backlog_limit") ?? 64)]);
    daemon.kill("SIGTERM");
    await over;
    return lost - (before.get("lost") ?? 0);
  };
  for (let waited = 0; waited < READY_MS && auditStatus().get("pid") !== daemon.pid; waited += 50) {
    if (daemon.exitCode !== null) throw new Error(`auditd ended with status ${daemon.exitCode}`);
    await setTimeout(50);
  }
  // The value of Debian's own rules.
  const set = [
    ["-b", "8192"],
    ["-a", ...rule],
  ].map((words) => spawnSync("auditctl", words, { encoding: "utf8" }));
  const refused = set.find(({ status }) => status !== 0);
  if (refused) {
    await end();
    throw new Error(`auditctl: ${refused.stderr.trim()}`);
  }
  return {
    async stop() {
      const lost = await end();
      const heard = await countLines(log, /^type=SYSCALL .*key="bench"/);
      return { heard, lost: lost === 0 ? "none by the kernel's count" : `${lost} by the kernel's count` };
    },
  };
}

function auditStatus() {
  const { status, stdout, stderr } = spawnSync("auditctl", ["-s"], { encoding: "utf8" });
  if (status !== 0) throw new Error(`the kernel's audit system cannot be used here: ${stderr.trim()}`);
  return new Map([...stdout.matchAll(/^(\w+) (\d+)$/gm)].map(([, name = "", value]) => [name, Number(value)]));
}

/** @param {...string} programs */
function needs(...programs) {
  const missing = programs.filter((program) => !present(program));
  if (missing.length > 0) throw new Error(`${missing.join(", ")} not installed`);
}

/**
 * Starts a program that prints "ready" once it is, on its output or in a file.
 *
 * @param {Session} session @param {string} program @param {readonly string[]} words @param {string} [file]
 */
async function started(session, program, words, file) {
  if (file !== undefined) writeFileSync(file, "");
  const child = spawn(program, words, { cwd: session.scratch, stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  let complained = "";
  let ended = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    said = (said + text).slice(-4096);
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    complained = (complained + text).slice(-4096);
  });
  const over = new Promise((resolve) => child.once("close", resolve));
  child.once("close", (code, signal) => {
    ended = signal ?? `status ${code}`;
  });
  const isReady = () => (file === undefined ? said : readFileSync(file, "utf8")).includes("ready");
  for (let waited = 0; !isReady(); waited += 50) {
    if (ended !== "") throw new Error(`it ended (${ended}) ${complained.trim().split("\n").at(-1)}`.trim());
    if (waited > READY_MS) {
      child.kill("SIGKILL");
      throw new Error(`it was not ready within ${READY_MS / 1000} s`);
    }
    await setTimeout(50);
  }
  return { child, over, said: () => said, complained: () => complained };
}

/** @param {string} file @param {RegExp} pattern */
async function countLines(file, pattern) {
  let count = 0;
  for await (const line of createInterface({ input: createReadStream(file) })) if (pattern.test(line)) count += 1;
  return count;
}
