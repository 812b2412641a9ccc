/**
 * A thread may have a table of descriptors of its own. Where no pidfd of the thread is kept, the table of the first thread must
 * not be taken for it.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { close } from "../../packages/linux/src/abi/libc.ts";
import { duplicate, duplicateByFirst } from "../../packages/linux/src/sensor/seccomp/surroundings/task-socket.ts";
import type { Thread } from "../../packages/linux/src/sensor/seccomp/tasks/process.ts";
import { isRoot } from "../support/machine.ts";
import { compiler, workplace } from "./case.ts";
import { isBuilt, supervise } from "./supervised.ts";

function compiled(): string {
  const cwd = workplace();
  const source = fileURLToPath(new URL("own-tables.c", import.meta.url));
  execFileSync("gcc", ["-O1", "-pthread", "-o", join(cwd, "program"), source]);
  return cwd;
}

/** Neither of them has a pidfd that is kept. */
const withoutPidfd = (pid: number, tid: number) =>
  ({ tid, pidfd: -1, process: { pid, pidfd: -1 } }) as unknown as Thread;

const isThere = (fd: number) => (fd < 0 ? fd : close(fd) === 0);

describe.skipIf(!compiler)("a thread with descriptors of its own (needs gcc)", () => {
  it("is not asked by way of the first thread, and another thread is", async () => {
    const cwd = compiled();
    const child = spawn(join(cwd, "program"), ["wait"], { cwd, stdio: ["pipe", "pipe", "inherit"] });
    const [named] = await once(child.stdout, "data");
    const [apart, sharing] = String(named).trim().split(" ").map(Number) as [number, number];
    const pid = child.pid as number;
    const own = duplicate(withoutPidfd(pid, apart), 51);
    const seen = {
      apart: duplicateByFirst(withoutPidfd(pid, apart), 50),
      apartWithout: duplicateByFirst(withoutPidfd(pid, apart), 60),
      sharing: isThere(duplicateByFirst(withoutPidfd(pid, sharing), 50)),
      sharingWithout: duplicateByFirst(withoutPidfd(pid, sharing), 60),
      // Before Linux 6.9 no descriptor of it can be duplicated.
      itsOwn: own < 0 ? "theirs" : readlinkSync(`/proc/self/fd/${own}`).replace(/.*\//, ""),
    };
    close(own);
    child.stdin.end();
    await once(child, "exit");
    expect(seen).toEqual({ apart: -13, apartWithout: -13, sharing: true, sharingWithout: -9, itsOwn: "theirs" });
  });

  it.skipIf(!isBuilt || !isRoot)(
    "is seen as what it does where no more descriptors may be kept (needs a build, root)",
    async () => {
      const cwd = compiled();
      // The sensor may then keep fewer descriptors than there are threads.
      const within = ["prlimit", "--nofile=768:768"];
      const command = [join(cwd, "program"), "send", "300"];
      const { events, stdout, report } = await supervise({ command, directory: cwd, within });
      const acts = events
        .map(({ act }) => act.replace(`${cwd}/`, "./"))
        .filter((act) => /^send|^open access=write /.test(act));
      expect({ acts, stdout, incomplete: report.incomplete }).toEqual({
        acts: [
          "send family=inet type=dgram address=127.0.0.1:9",
          "open access=write path=./theirs mode=0100644 uid=0 gid=0 fs=disk",
        ],
        stdout: "send 1\nflags 0\nappends 0\nfirst appends 1\n",
        incomplete: [],
      });
    },
  );
});
