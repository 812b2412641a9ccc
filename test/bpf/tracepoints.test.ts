/**
 * The bpf sensor attached by tracepoints, where it only gets reports afterwards: natively, on kernels without hooks for BPF.
 * The virtual machines test it where it can refuse (test/vm/guest).
 */
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KernelNamespace } from "../../packages/linux/src/sensor/bpf/kernel-namespace.ts";
import { isoline } from "../support/isoline.ts";
import { readReport } from "../support/report.ts";
import { attachesByTracepoints } from "./attachment.ts";

const has = (program: string) => spawnSync(program, ["--version"]).status === 0;
const at = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const python = ["python3", "-I", "-S", "-B"];

/** Each workload repeats the same; its programs must be installed. */
const workloads: Readonly<Record<string, { readonly command: readonly string[]; readonly needs?: string }>> = {
  "a shell, pipes, names": { command: ["sh", at("../vm/guest/workload.sh")] },
  "one of everything that programs do": { command: [...python, at("../vm/guest/acts.py")], needs: "python3" },
  "threads, vfork, daemons, orphans": { command: [...python, at("workloads/lineage.py"), "."], needs: "python3" },
  git: { command: ["sh", at("workloads/repository.sh")], needs: "git" },
  "a compiler": { command: ["sh", at("workloads/compile.sh")], needs: "gcc" },
  "an HTTP server and its client": { command: [process.execPath, at("workloads/server.mjs")] },
};

let place: string;
let last = 0;
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "isoline-tracepoints-"));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** Runs isoline in an empty directory of its own, and reads its report. */
async function run(command: string, ...args: readonly string[]) {
  const report = join(place, `${++last}.json`);
  const cwd = join(place, String(last));
  mkdirSync(cwd);
  const ended = await isoline([command, "--report", report, ...args], { cwd });
  const told = () => readReport(report);
  return { ...ended, told };
}

async function learn(sensor: string, command: readonly string[]) {
  const contour = join(place, `${++last}-${sensor}.contour`);
  const { status, stderr, told } = await run("learn", "--sensor", sensor, "-q", "-o", contour, "--", ...command);
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  return { ...told(), contour };
}

describe.skipIf(!attachesByTracepoints)(
  "attached by tracepoints (needs root, a build, and a kernel without hooks for BPF)",
  () => {
    describe("learns the same points as the seccomp sensor", () => {
      // Which files git reads again depends on the second in which they were written.
      it.for(Object.entries(workloads))("%s", { retry: 3 }, async ([, { command, needs }], { skip }) => {
        skip(needs !== undefined && !has(needs), `needs ${needs}`);
        const [bySeccomp, byBpf] = await Promise.all([learn("seccomp", command), learn("bpf", command)]);
        expect(byBpf.incomplete).toEqual([]);
        const { stdout } = await isoline(["diff", bySeccomp.contour, byBpf.contour], { cwd: place });
        expect({ difference: stdout, state: byBpf.state }).toEqual({ difference: "", state: bySeccomp.state });
      });
    });

    it("sees a departure and names the nearest point", async () => {
      const { contour } = await learn("bpf", ["cat", "/etc/hostname"]);
      const other = await run("check", contour, "--sensor", "bpf", "--", "cat", "/etc/passwd");
      expect(other.status).toBe(3);
      expect(other.stderr).toContain("opened /etc/passwd for reading; nearest on contour: opened /etc/hostname");
    });

    it("a repeated departure counts each time", async () => {
      const { contour } = await learn("bpf", ["sh", "-c", "cat /etc/hostname; true"]);
      const again = ["sh", "-c", "n=0; while [ $n -lt 200 ]; do cat /etc/passwd; n=$((n + 1)); done"];
      const bySensor = async (sensor: string) =>
        (await run("run", contour, "--sensor", sensor, "-q", "--", ...again)).told();
      const [bySeccomp, byBpf] = [await bySensor("seccomp"), await bySensor("bpf")];
      expect({ off: byBpf.off, incomplete: byBpf.incomplete }).toEqual({ off: bySeccomp.off, incomplete: [] });
      expect(bySeccomp.off).toBeGreaterThanOrEqual(200);
    });

    it("a directory above a known file that is moved: the file counts as another", async () => {
      const script = 'mkdir -p a/b; echo >a/b/f; cat a/b/f; if [ "$1" ]; then mv a "$1"; cat "$1/b/f"; fi';
      const { contour } = await learn("bpf", ["sh", "-c", script, "sh", ""]);
      const moved = await run("check", contour, "--sensor", "bpf", "--", "sh", "-c", script, "sh", "c");
      expect(moved.stderr).toMatch(/`cat` .*opened \S*\/c\/b\/f for reading/);
    });

    it("refuses to enforce or to react before the workload starts, and says what to do instead", async () => {
      const { contour } = await learn("bpf", ["true"]);
      const target = join(place, "made");
      const { status, stderr } = await run("run", contour, "--sensor", "bpf", "--enforce", "--", "touch", target);
      expect(status).toBe(125);
      expect(stderr).toMatch(/only tracepoints.*use --sensor seccomp to enforce/);
      expect(existsSync(target)).toBe(false);
    });

    it("a process whose threads end at once has ended once, and its namespace lives on", async ({ skip }) => {
      skip(!has("gcc"), "needs gcc");
      const program = join(place, "threads-end");
      execFileSync("gcc", ["-O1", "-pthread", "-o", program, at("workloads/threads-end.c")]);
      const { contour, incomplete } = await learn("bpf", [program]);
      expect(incomplete).toEqual([]);
      expect(readFileSync(contour, "utf8")).toContain("path=/etc/hostname");
    });

    it("acts through io_uring make the measurement incomplete", async () => {
      const script = join(place, "ring.py");
      // io_uring_setup
      writeFileSync(script, "import ctypes; ctypes.CDLL(None).syscall(425, 1, ctypes.create_string_buffer(120))\n");
      const contour = join(place, "ring.contour");
      const { told } = await run("learn", "--sensor", "bpf", "-q", "-o", contour, "--", ...python, script);
      expect(told().incomplete).not.toEqual([]);
      expect(readFileSync(contour, "utf8")).toContain("iouring");
    });

    describe("an object that had changed before it could be read makes the measurement incomplete", () => {
      // The supervisor is the parent of the first process, and reads nothing while it is stopped.
      const late = (script: string) => ["sh", "-c", `kill -STOP $PPID; ${script}; kill -CONT $PPID`];
      it.for([
        ["read and then written to", "cat file; echo more >>file", "changed", "file"],
        ["read and then removed", "cat file; rm file", "gone", "file"],
        ["read and then replaced", "cat file; mv library file", "gone", "file"],
        ["executed and then written to", "./program; echo >>program", "changed", "program"],
        ["mapped and then written to", "LD_PRELOAD=./library /usr/bin/true; echo >>library", "changed", "library"],
      ] as const)("%s", async ([, script, what, name]) => {
        const cwd = mkdtempSync(join(place, "late-"));
        writeFileSync(join(cwd, "file"), "text\n");
        writeFileSync(join(cwd, "lens.json"), JSON.stringify({ content: "read" }));
        copyFileSync("/usr/bin/true", join(cwd, "program"));
        copyFileSync("/usr/lib/x86_64-linux-gnu/libm.so.6", join(cwd, "library"));
        const options = ["--sensor", "bpf", "-q", "-o", "a.contour", "--lens", "lens.json", "--report", "report.json"];
        const { stderr } = await isoline(["learn", ...options, "--", ...late(script)], { cwd });
        expect(stderr).toBe("");
        const { content, incomplete, verdict } = readReport(join(cwd, "report.json"));
        expect(content).toContainEqual(expect.objectContaining({ what, path: join(cwd, name) }));
        expect(incomplete.map(({ reason }) => reason)).toEqual([
          "content that counts was changed, gone, withheld or being written while it was read",
        ]);
        expect(verdict).toBe("incomplete");
      });
    });

    it("a ring that is not read fills up: losses are counted", () => {
      const namespace = KernelNamespace.begin({
        ...{ attachment: "tracepoints", mode: "tell", versions: "run", bars: false },
        ...{ supervisor: process.pid, keys: 16, ringSize: 4096, holdSeconds: 1, label: "test" },
      });
      try {
        namespace.launchFrom(process.pid);
        spawnSync("sh", ["-c", "for each in 1 2 3 4 5 6 7 8; do /bin/true; done"]);
        const { born, live, lost } = namespace.census();
        expect({ born, live, isLost: lost > 0 }).toEqual({ born: 9, live: 0, isLost: true });
        const counted = [...namespace.tallies().values()].reduce((sum, each) => sum + each.lost, 0);
        expect(counted).toBe(lost);
      } finally {
        namespace.endLaunch();
        namespace.leave();
      }
    });
  },
);
