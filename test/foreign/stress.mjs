/** stress-ng, one stressor at a time: its own result (passed, failed, skipped) and its complaints. */
import { spawnSync } from "node:child_process";
import { runWorkload } from "./workload.mjs";

const classes = ["filesystem", "network", "scheduler", "os"];

/** Stressors that could harm the machine, or that measure the machine and not isoline. */
const left = {
  "uses up the machine's memory":
    "bigheap brk malloc mmap mmapaddr mmapcow mmapfiles mmapfixed mmaphuge mmapmany mmaptorture mlock mlockmany mremap munmap oom-pipe pagemove pageswap resources revio ramfs memhotplug tlb-shootdown tmpfs vm vm-addr vm-rw vm-segv vm-splice vma numa mmapfork madvise msync msyncmany shm shm-sysv dev-shm zero",
  "uses hardware, the clock or the whole machine":
    "cpu-online cpu-sched dev efivar klog kvm led loop module pci plugin reboot rtc swap sysfs watchdog time-warp softlockup bad-ioctl idle-page binderfs quota",
};
/** What only root may do, without harm to other programs. */
export const forRoot =
  "access acl bind-mount cap chown chroot clone exec fanotify handle icmp-flood inode-flags key landlock lsm mknod netlink-proc netlink-task nice personality pidfd ping-sock ptrace rawpkt rawsock rawudp rlimit seccomp session set umount unshare userfaultfd verity xattr".split(
    " ",
  );

const leftOut = new Map(Object.entries(left).flatMap(([why, names]) => names.split(" ").map((name) => [name, why])));

/** @returns {readonly string[]} the stressors of the classes, without those above */
export function stressors() {
  const names = classes.flatMap((name) => {
    const { stdout } = spawnSync("stress-ng", ["--class", `${name}?`], { encoding: "utf8" });
    return (stdout.split("stressors:")[1] ?? "").trim().split(/\s+/);
  });
  return [...new Set(names)].filter((name) => name !== "" && !leftOut.has(name)).sort((a, b) => a.localeCompare(b));
}

/** @param {string} name @param {number} seconds */
function stressCommand(name, seconds) {
  return [
    "prlimit",
    "--core=0",
    "--fsize=1073741824",
    "--nproc=2000",
    "--",
    "stress-ng",
    `--${name}`,
    "1",
    "--timeout",
    String(seconds),
    "--verify",
    "--temp-path",
    ".",
    "--no-rand-seed",
    "--oom-avoid",
  ];
}

/** @param {string} name @param {import("./workload.mjs").Side} side @param {number | undefined} uid @param {number} [seconds] */
export async function runStress(name, side, uid, seconds = 1) {
  const outcome = await runWorkload({ command: stressCommand(name, seconds), side, uid, seconds: 30 + seconds });
  return { ...outcome, tests: stressResults(name, outcome) };
}

const COMPLAINT =
  /stress-ng: (fail|error|warn):|^isoline:|terminated on signal|skipping|will be skipped|untrustworthy: [1-9]/;

/**
 * The result it prints, and each complaint without its numbers.
 *
 * @param {string} name @param {import("./workload.mjs").Outcome} outcome
 */
function stressResults(name, { output, hung, status }) {
  const counted = (/** @type {string} */ word) =>
    Number(new RegExp(`info: .*\\] ${word}: (\\d+)`).exec(output)?.[1] ?? 0);
  const failed = counted("failed") > 0 || (status !== 0 && counted("skipped") === 0);
  const ended = failed ? "failed" : counted("skipped") > 0 ? "skipped" : counted("passed") > 0 ? "passed" : "no result";
  const complaints = output
    .split("\n")
    .filter((line) => COMPLAINT.test(line))
    .map((line) =>
      line
        .replace(/\[\d+\]/g, "")
        .replace(/\b(0x[0-9a-f]+|\d+)\b/g, "N")
        .trim(),
    );
  /** @type {import("./comparison.mjs").Tests} */
  const tests = new Map([[name, { word: hung ? "hung" : ended, why: complaints.join("; ") }]]);
  for (const complaint of complaints) tests.set(complaint, { word: "said", why: complaint });
  return tests;
}
