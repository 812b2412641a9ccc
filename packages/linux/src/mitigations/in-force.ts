/** What is in force on this machine and for one process, as the kernel says it. */
import { readdirSync, readFileSync } from "node:fs";
import { cookieOf, offerCoreScheduling } from "./core-scheduling.ts";

/** A name, and what the kernel says of it. */
export interface InForce {
  readonly name: string;
  readonly setting: string;
}

const FLAWS = "/sys/devices/system/cpu/vulnerabilities";
const MOST = 48;
const MOST_LETTERS = 200;

/** Of the whole machine: each flaw that the kernel knows, hardware threads, and whether a core can be kept for one process. */
export function machineMitigations(root = ""): readonly InForce[] {
  const flaws = namesIn(`${root}${FLAWS}`).map((name) => ({ name, setting: line(`${root}${FLAWS}/${name}`) }));
  const threads = { name: "smt", setting: line(`${root}/sys/devices/system/cpu/smt/control`) };
  const core = offerCoreScheduling();
  return [...flaws, threads, { name: "core-scheduling", setting: core.works ? "offered" : "not offered" }];
}

/** Of one process: speculation, its control over a core, and its processors. Empty once it has ended. */
export function processMitigations(pid: number): readonly InForce[] {
  const status = read(`/proc/${pid}/status`);
  if (status === "") return [];
  const told = (key: string) => new RegExp(`^${key}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "not said";
  const cookie = cookieOf(pid);
  return [
    { name: "store-bypass", setting: told("Speculation_Store_Bypass") },
    { name: "indirect-branch", setting: told("SpeculationIndirectBranch") },
    { name: "core", setting: cookie === undefined ? "not offered" : cookie === 0n ? "shared" : "its own" },
    { name: "cpus", setting: told("Cpus_allowed_list") },
  ];
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort().slice(0, MOST);
  } catch {
    return [];
  }
}

const line = (path: string) => (read(path).split("\n")[0] || "not said").slice(0, MOST_LETTERS);

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
