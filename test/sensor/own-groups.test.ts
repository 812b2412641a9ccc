/** Control groups that contain the supervisor: the workload cannot freeze, kill or starve it through their files, by any path. */
import { existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench } from "./bench.ts";
import { compiler } from "./case.ts";
import { isBuilt } from "./supervised.ts";
import { isRoot } from "../support/machine.ts";

/** The mount point of version 2. */
const mount = /^\d+ \d+ \S+ \/ (\S+) .* - cgroup2 /m.exec(readFileSync("/proc/self/mountinfo", "latin1"))?.[1];
const python = ["/usr/bin/python3"].find(existsSync);
const why = !compiler || !isBuilt || !isRoot || mount === undefined;

describe.skipIf(why)("control groups of the supervisor (need gcc, a build, root, cgroup2)", () => {
  let bench: Bench;
  const [outer, own, other] = ["", "/own", "/other"].map((name) => `${mount}/isoline-test-${process.pid}${name}`) as [
    string,
    string,
    string,
  ];
  beforeAll(() => {
    bench = new Bench();
    for (const group of [outer, own, other]) mkdirSync(group);
  });
  afterAll(() => {
    for (const group of [other, own, outer]) rmdirSync(group);
    bench?.close();
  });

  /** Runs with the supervisor in a group of its own; returns for each file whether it was opened. */
  const run = (script: string) =>
    bench.run([], {
      within: ["sh", "-c", `echo $$ > ${own}/cgroup.procs; exec "$@"`, "-"],
      command: [
        "sh",
        "-c",
        `try() { if (: > "$1") 2>/dev/null; then echo "$1 opened"; else echo "$1 refused"; fi; }\n${script}`,
      ],
    });
  const said = (stdout: string) => stdout.replaceAll(own, "OWN").replaceAll(other, "OTHER").replaceAll(outer, "OUTER");

  it("their files are not opened for writing, except those that move tasks into a group; files of other groups are", async () => {
    const files = [`${own}/cgroup.freeze`, `${own}/cgroup.kill`, `${outer}/cgroup.freeze`, `${outer}/cgroup.max.depth`];
    const script = [...files, `${own}/cgroup.procs`, `${other}/cgroup.freeze`].map((file) => `try ${file}`).join("\n");
    const { stdout, events, report } = await run(`${script}\ncat ${own}/cgroup.freeze`);
    expect(said(stdout).split("\n")).toEqual([
      "OWN/cgroup.freeze refused",
      "OWN/cgroup.kill refused",
      "OUTER/cgroup.freeze refused",
      "OUTER/cgroup.max.depth refused",
      "OWN/cgroup.procs opened",
      "OTHER/cgroup.freeze opened",
      "0",
      "",
    ]);
    expect(report).toMatchObject({ incomplete: [] });
    for (const file of files) expect(events.map(({ act }) => act).join("\n")).toContain(`path=${file} `);
  });

  it("by another mount, or by the working directory, they are the same files", async () => {
    const [ownBelow, otherBelow] = [own, other].map((group) => `there${group.slice(mount?.length)}`);
    const script = `mkdir -p there; unshare --mount sh -c '
      try() { if (: > "$1") 2>/dev/null; then echo opened; else echo refused; fi; }
      mount -t cgroup2 none there && try ${otherBelow}/cgroup.freeze && try ${ownBelow}/cgroup.freeze
      cd ${own}; try ./cgroup.kill; try /proc/self/cwd/cgroup.freeze; cd ${other}; try ./cgroup.freeze'`;
    expect((await run(script)).stdout).toBe("opened\nrefused\nrefused\nrefused\nopened\n");
  });

  it.skipIf(python === undefined)("by an O_PATH descriptor, they are the same files (needs python3)", async () => {
    const script = `${python} - ${other} ${own} <<'END'
import os, sys
for group in sys.argv[1:]:
    held = os.open(group + "/cgroup.freeze", os.O_PATH)
    directory = os.open(group, os.O_PATH)
    for way in "/proc/self/fd/%d" % held, "/dev/fd/%d" % held, "/proc/self/fd/%d/cgroup.freeze" % directory, "cgroup.freeze":
        try:
            os.close(os.open(way, os.O_WRONLY, dir_fd=directory))
            print("opened")
        except OSError as error:
            print("refused", error.errno)
END`;
    const EPERM = 1;
    const each = (text: string) => `${text}\n`.repeat(4);
    expect((await run(script)).stdout).toBe(each("opened") + each(`refused ${EPERM}`));
  });

  it.skipIf(python === undefined)(
    "a child that begins in another group is an open of its members (needs python3)",
    async () => {
      const script = `${python} - ${other} <<'END'
import ctypes, os, struct, sys
group = os.open(sys.argv[1], os.O_RDONLY)
arguments = struct.pack("<11Q", 1 << 33, 0, 0, 0, 17, 0, 0, 0, 0, 0, group)
child = ctypes.CDLL(None).syscall(435, arguments, len(arguments))
if child == 0:
    print(open("/proc/self/cgroup").read().rsplit("/")[-1], end="", flush=True)
    os._exit(0)
os.waitpid(child, 0)
END`;
      const { stdout, events, report } = await run(script);
      expect(stdout).toBe("other\n");
      const opened = `open access=write path=${other}/cgroup.procs `;
      expect(events.map(({ act }) => act)).toContainEqual(expect.stringContaining(opened));
      expect(report.incomplete).toEqual([]);
    },
  );

  it("if the supervisor is moved to another group, that group is protected from then on, and the report says so", async () => {
    const { stdout, report } = await run(
      `try ${other}/cgroup.freeze; echo $PPID > ${other}/cgroup.procs; try ${other}/cgroup.freeze`,
    );
    expect(said(stdout)).toBe("OTHER/cgroup.freeze opened\nOTHER/cgroup.freeze refused\n");
    expect(report.incomplete).toEqual([{ reason: "the supervisor was moved to another control group", count: 1 }]);
  });
});
