/** The program that tries to get out (`programs/escapes.c`), inside a namespace, with objects on which its effects can be seen. */
import { deepEqual, equal } from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { beginWith, cwd } from "./asking.mjs";

const share = process.env["ISOLINE_SHARE"] ?? "";

/** @param {string} ring @returns {readonly string[]} */
const byRing = (ring) => ["open", "mkdir", "rename", "unlink", "connect", "associate"].map((act) => `${ring}-${act}`);

/** The steps of each group of `escapes.c`, in their order. Each is printed whether it went ahead or not. */
const steps = Object.freeze({
  world: [
    ...["unshare", "clone", "setns", "unshare-user", "chroot"],
    ...["unshare-mounts", "mount-private", "mount", "pivot_root"],
  ],
  others: ["attach", "seize", "mem", "vm_writev", "getfd"],
  supervisor: [
    ...["kill", "tgkill", "pidfd_send_signal", "kill-keeper"],
    ...["attach", "seize", "mem", "vm_writev", "getfd"].map((act) => `${act}-supervisor`),
    ...["environ", "descriptors", "mounts", "oom_score_adj", "coredump_filter"].map((entry) => `${entry}-supervisor`),
    "perf-supervisor",
  ],
  list: ["stat-supervisor", "status-supervisor", "cmdline-supervisor"],
  adjust: ["prlimit", "setpriority", "sched_setscheduler", "ioprio_set", "move_pages"].map(
    (call) => `${call}-supervisor`,
  ),
  owner: ["setown-supervisor"],
  sensor: [
    ...["map-by-number", "map-by-name", "unlink-pin", "rename-pin", "rename-pins", "chmod-pins", "chown-pins"],
    ...["umount-pins", "mount-over-pins", "switch"],
  ],
  cover: ["mount-above-pins"],
  program: ["fexecve"],
  rings: [
    ...byRing("before"),
    ...["io_uring_setup", ...byRing("now")],
    ...byRing("worker"),
    ...["poller", ...byRing("poller")],
  ],
  ids: [
    ...["setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups"].flatMap((call) => [
      call,
      `${call}-is`,
    ]),
    ...["setfsuid", "setfsgid", "capset", "capset-is"],
  ],
  routes: ["routed-by-message"],
});

/** Resets the files. */
export function lay() {
  for (const name of readdirSync(cwd)) {
    if (!/^(told|.*\.contour|.*\.json)$/.test(name)) rmSync(join(cwd, name), { recursive: true });
  }
  mkdirSync(join(cwd, "new/old"), { recursive: true });
  for (const name of ["by-ring", "gone-by-ring"]) writeFileSync(join(cwd, name), "text\n");
}

/** The changes that can be seen. */
export const world = () => ({
  files: readdirSync(cwd)
    .filter((name) => !/\.(contour|json)$/.test(name))
    .sort(),
  mounts: readFileSync("/proc/self/mountinfo", "utf8"),
});

/** Listens, and counts the connections. */
export async function listen() {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { port, count: () => connections, close: () => server.close() };
}

/** @param {readonly string[]} options of isoline */
export async function beginEscapes(...options) {
  const run = beginWith([`${share}/escapes`], ...options);
  const ready = await run.hear();
  const pid = Number(/^ready (\d+)$/.exec(ready)?.[1]);
  equal(Number.isNaN(pid), false, ready);
  return {
    ...run,
    pid,
    /**
     * Tries a group; returns the result of each step: an errno, or 0; for ids, the ids after the step. No step may be missing.
     *
     * @param {keyof typeof steps} group
     * @param {readonly (string | number)[]} words
     * @returns {Promise<Record<string, number | string>>}
     */
    async try(group, ...words) {
      run.say([group, ...words].join(" "));
      /** @type {Record<string, number | string>} */
      const answers = {};
      for (;;) {
        const line = await run.hear();
        const [, step = "", answer = ""] = /^(\S+) (\S+)$/.exec(line) ?? [];
        if (step === "") {
          equal(line, "done");
          deepEqual(Object.keys(answers), steps[group]);
          return answers;
        }
        answers[step] = step.endsWith("-is") && answer.includes(",") ? answer : Number(answer);
      }
    },
    /** The number in the memory of the program's sibling. */
    async sibling() {
      run.say("sibling");
      return await run.hear();
    },
  };
}

/** The child of a process with a matching command line. @param {number} pid @param {RegExp} name */
export const childNamed = (pid, name) =>
  readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .find((each) => {
      try {
        const [, parent] = /\) \S (\d+) /.exec(readFileSync(`/proc/${each}/stat`, "latin1")) ?? [];
        return Number(parent) === pid && name.test(readFileSync(`/proc/${each}/cmdline`, "latin1"));
      } catch {
        return false;
      }
    });

/** A thread of a process that is not its first. @param {number} pid */
export const threadOf = (pid) => Number(readdirSync(`/proc/${pid}/task`).at(-1));

/** The load's directory among the pins. */
export function pins() {
  const [name = ""] = readdirSync("/sys/fs/bpf/isoline");
  return `/sys/fs/bpf/isoline/${name}`;
}

/** The number of one of the load's maps. @param {{ readonly holding: { readonly fd: number } }} half */
export const mapOf = ({ holding: { fd } }) =>
  Number(/^map_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1]);
