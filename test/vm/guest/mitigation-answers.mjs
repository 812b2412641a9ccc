/** What the kernel of this machine answers for each mitigation, as one line of JSON. The launching ones are for good, so they are last. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { KernelMitigations, machineMitigations, processMitigations } from "../../../packages/linux/dist/index.js";

const kernel = new KernelMitigations();
const [departed, trusted] = [0, 1].map(() => spawn("sleep", ["1000"], { stdio: "ignore" }));
const cpusOf = (/** @type {number | undefined} */ pid) =>
  processMitigations(pid ?? 0).find(({ name }) => name === "cpus")?.setting;

const own = kernel.atLoss("own-cpus", departed?.pid ?? 0, () => [trusted?.pid ?? 0]);
const cpus = { departed: cpusOf(departed?.pid), trusted: cpusOf(trusted?.pid) };
for (const each of [departed, trusted]) each?.kill("SIGKILL");
kernel.close();

const launch = /** @type {const} */ (["store-bypass", "indirect-branch", "l1d-flush", "own-core"]);
const answers = Object.fromEntries(launch.map((name) => [name, kernel.atLaunch(name)]));
const flags = /^flags\s*:\s*(.*)$/m.exec(readFileSync("/proc/cpuinfo", "latin1"))?.[1]?.split(" ") ?? [];
const encryption = flags.filter((flag) => /^(sme|sev|sev_es|sev_snp|tme|tdx_guest)$/.test(flag));
console.log(
  JSON.stringify({ answers: { ...answers, "own-cpus": own }, cpus, encryption, machine: machineMitigations() }),
);
