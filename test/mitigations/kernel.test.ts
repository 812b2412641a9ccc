/** Mitigations that the kernel of this machine has, seen from inside of real workloads; what it lacks is skipped by name. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import type { RunReport } from "../../packages/isoline/src/namespace/report.ts";
import {
  KernelMitigations,
  machineMitigations,
  type Mitigations,
  processMitigations,
} from "../../packages/linux/src/index.ts";
import { isoline, program, temporaryPlace } from "../cli/isoline.ts";
import { isRoot } from "../support/machine.ts";
import { readReport } from "../support/report.ts";

const kernel: Mitigations = new KernelMitigations();
const has = (name: string) => kernel.offers().some((offer) => offer.name === name && offer.works);
const doctor = JSON.parse(spawnSync(program, ["doctor", "--json"]).stdout.toString()) as {
  parts: Record<string, boolean>;
};
const sensors = ["seccomp", ...(isRoot && doctor.parts["bpf"] === true ? ["bpf"] : [])];

/** The interpreter itself: what stands for it on the path may be a script that starts many programs. */
const python = spawnSync("python3", ["-c", "import sys; print(sys.executable)"]).stdout?.toString().trim() ?? "";

const place = temporaryPlace();
/** A program that departs when it is told to, and says on which processors it may run; a second one stays as it was learnt. */
const PROGRAM = `
import os, sys, time
def allowed(who): print(who, sorted(os.sched_getaffinity(0)), flush=True)
read, write = os.pipe()
child = os.fork()
if child == 0:
    open("note").read()
    os.read(read, 1)
    allowed("trusted")
    os._exit(0)
open("note").read()
if len(sys.argv) > 1:
    open("secret").read()
    end = time.monotonic() + 30
    while sys.argv[1] == "wait" and len(os.sched_getaffinity(0)) == os.cpu_count() and time.monotonic() < end:
        time.sleep(0.02)
    allowed("untrusted")
    grandchild = os.fork()
    if grandchild == 0:
        allowed("descendant")
        os._exit(0)
    os.waitpid(grandchild, 0)
os.write(write, b"x")
os.waitpid(child, 0)
`;

beforeAll(() => {
  if (python === "") return;
  writeFileSync(place.path("program.py"), PROGRAM);
  for (const name of ["note", "secret"]) writeFileSync(place.path(name), "x\n");
  const policies = {
    apart: "mitigations: { untrusted: [own-cpus], required: true }",
    launch: "mitigations: { trusted: [store-bypass, indirect-branch, l1d-flush, own-core] }",
    impossible: "mitigations: { trusted: [store-bypass, indirect-branch, l1d-flush, own-core], required: true }",
  };
  for (const [name, policy] of Object.entries(policies)) {
    writeFileSync(place.path(`${name}.yaml`), `${policy}\n`);
    learnt[name] = isoline(["learn", "-o", `${name}.contour`, "--lens", `${name}.yaml`, "--", python, "program.py"], {
      cwd: place.path("."),
    });
  }
});
const learnt: Record<string, ReturnType<typeof isoline>> = {};

/** The bpf sensor may hear of an act only after it, so there the program waits for what is to come. */
function run(sensor: string, contour: string): { readonly stdout: string; readonly report: RunReport } {
  const file = place.path(`${contour}-${sensor}.json`);
  const { stdout, stderr } = isoline(
    [
      "check",
      "--sensor",
      sensor,
      "--report",
      file,
      `${contour}.contour`,
      "--",
      python,
      "program.py",
      sensor === "bpf" ? "wait" : "depart",
    ],
    { cwd: place.path(".") },
  );
  expect(stderr).toContain("off contour");
  return { stdout, report: readReport(file) };
}

describe.skipIf(!isRoot || !has("own-cpus") || python === "")("a core apart, on this machine", () => {
  it.each(sensors)("is for the process that departed and its descendants, under the %s sensor", (sensor) => {
    const { stdout, report } = run(sensor, "apart");
    const cpus = Object.fromEntries(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.split(/ (?=\[)/)),
    );
    const [apart, rest] = [cpus["untrusted"], cpus["trusted"]].map((list) => JSON.parse(list) as number[]) as [
      number[],
      number[],
    ];
    expect(cpus["descendant"]).toBe(cpus["untrusted"]);
    expect(apart.filter((cpu) => rest.includes(cpu))).toStrictEqual([]);
    expect(report.mitigations?.failures).toStrictEqual({});
    expect(report.mitigations?.untrusted["own-cpus"]).toBeGreaterThan(0);
    expect(report.incomplete).toStrictEqual([]);
  });

  it("leaves no control group behind", () => {
    const mount = "/sys/fs/cgroup/cpuset";
    const left = existsSync(mount)
      ? readdirSync(mount).filter((name) => /^isoline-\d+-(?:apart|rest)$/.test(name))
      : [];
    const alive = left.filter((name) => existsSync(`/proc/${name.split("-")[1]}`));
    expect(left).toStrictEqual(alive);
  });
});

describe.skipIf(python === "")("what a policy names for the whole workload", () => {
  const names = ["store-bypass", "indirect-branch", "l1d-flush", "own-core"];

  it("is set, or the report says what the kernel answered", () => {
    const { launch } = run("seccomp", "launch").report.mitigations!;
    expect(Object.keys(launch).sort()).toStrictEqual([...names].sort());
    const isGood = (name: string) => ["set", "always", "not-affected"].includes(launch[name]!);
    expect(names.filter(isGood).sort()).toStrictEqual(names.filter(has).sort());
  });

  it.skipIf(names.every(has))("is demanded before anything is started, where it is required", () => {
    const { status, stderr } = learnt["impossible"]!;
    expect(status).not.toBe(0);
    expect(stderr).toContain("the policy requires the mitigation");
  });
});

describe("what is in force", () => {
  it("is said of the machine and of a process, in the kernel's words", () => {
    const machine = machineMitigations();
    expect(machine.map(({ name }) => name)).toContain("smt");
    expect(machine.every(({ setting }) => setting.length > 0 && setting.length <= 200)).toBe(true);
    expect(processMitigations(process.pid).map(({ name }) => name)).toStrictEqual([
      "store-bypass",
      "indirect-branch",
      "core",
      "cpus",
    ]);
    expect(processMitigations(2 ** 22 + 1)).toStrictEqual([]);
  });
});
