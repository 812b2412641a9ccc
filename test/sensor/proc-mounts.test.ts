/** Other views of the processes: a proc mount of a pid namespace that the supervisor does not belong to. */
import { mkdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Bench } from "./bench.ts";
import { compiler } from "./case.ts";
import { call, inClone, must, type Script } from "./script.ts";
import { isBuilt } from "./supervised.ts";
import { isRoot } from "../support/machine.ts";

const CLONE_NEWPID = 0x2000_0000;
const MS_BIND = 0x1000;
/** Supervisor and workload share these mounts, which no other process sees. */
const IN_MOUNT_NAMESPACE = ["unshare", "--mount", "--propagation", "private"];
const open = (path: string): Script => call("open", path, 0);

describe.skipIf(!compiler || !isBuilt || !isRoot)("proc mounts (needs gcc, a build, root)", () => {
  it("self is the task in a proc mount that only the task is in", async () => {
    const bench = new Bench();
    try {
      mkdirSync(bench.at("proc"));
      const inner = [
        must(call("mount", "proc", "proc", "proc", 0, 0)),
        open("proc/self/root/etc/hostname"),
        open("proc/self/cwd/file"),
        open("proc/thread-self/comm"),
        open("/proc/self/status"),
        call("umount2", "proc", 2),
      ];
      const outcome = await bench.run([inClone(CLONE_NEWPID, ...inner)], { within: IN_MOUNT_NAMESPACE });
      expect(bench.acts(outcome).map((act) => act.replace(/ (mode|uid|gid)=\S+/g, ""))).toEqual([
        expect.stringMatching(/^exec /),
        "namespace call=clone kinds=pid",
        "mount call=mount source=proc path=./proc type=proc flags=0x0 options=",
        "open access=read path=/etc/hostname fs=disk",
        "open access=read path=./file fs=disk",
        "open access=read path=$IN:proc/probe/./proc/1/task/1/comm fs=proc",
        "open access=read path=/proc/$self/status fs=proc",
        "umount path=$IN:proc/probe/./proc flags=2",
      ]);
      expect(outcome.report.incomplete).toEqual([]);
    } finally {
      bench.close();
    }
  });

  it("what the supervisor reads of a process cannot be covered: nothing goes ahead any more", async () => {
    const bench = new Bench();
    try {
      mkdirSync(bench.at("proc"));
      // Another mount of proc shows the same; with another directory in the place of the process nothing is true.
      const script = [
        must(call("mount", "proc", "/proc", "proc", 0, 0)),
        must(open("file")),
        must(call("mount", "proc", "/proc/self", 0, MS_BIND, 0)),
        open("file"),
        call("umount2", "/proc/self", 2),
      ];
      const outcome = await bench.run(script, { within: IN_MOUNT_NAMESPACE });
      expect(outcome.stdout).toBe("165: ok\n2: ok\n165: ok\n2: errno 1\n166: errno 1\n");
      expect(outcome.report.incomplete).toEqual([{ reason: expect.stringMatching(/covered \/proc/), count: 2 }]);
    } finally {
      bench.close();
    }
  });
});
