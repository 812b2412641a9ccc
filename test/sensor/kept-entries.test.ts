/**
 * Which entries of /proc are the supervisor's. Its number, or that of a thread of its, means something else where it is not the name of
 * a process; in another mount of proc it is found by whatever number it has there.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench } from "./bench.ts";
import { compiler } from "./case.ts";
import { isBuilt, type Outcome } from "./supervised.ts";
import { isRoot } from "../support/machine.ts";

/** Here the supervisor is process 1, and its threads have the next numbers. */
const WITH_SMALL_NUMBERS = ["unshare", "--pid", "--fork", "--mount-proc"];
const IN_MOUNT_NAMESPACE = ["unshare", "--mount", "--propagation", "private"];
/** Says for each path whether it can be opened for reading. */
const TRY = 'try() { for p; do if ( exec 9<"$p" ) 2>/dev/null; then echo "$p yes"; else echo "$p no"; fi; done; }\n';

describe.skipIf(!compiler || !isBuilt || !isRoot)("entries of the supervisor (needs gcc, a build, root)", () => {
  let bench: Bench;
  beforeAll(() => {
    bench = new Bench();
  });
  afterAll(() => bench.close());

  const run = (script: string, within: readonly string[]): Promise<Outcome> => {
    return bench.run([], { command: ["/bin/bash", "-c", `${TRY}${script}`], within });
  };
  const opened = ({ stdout }: Outcome): readonly string[] => stdout.trim().split("\n");

  it("a descriptor or a process of another namespace with one of its numbers is none", async () => {
    const numbers = [3, 4, 5, 6, 7, 8].map(
      (number) => `exec ${number}<file; try /proc/self/fd/${number} /dev/fd/${number}`,
    );
    const inner = "try /proc/1/environ /proc/1/root/etc/hostname /proc/self/environ";
    const outcome = await run(
      `${numbers.join("; ")}; unshare --pid --fork --mount-proc bash -c '${TRY}${inner}'; try /proc/1/environ`,
      WITH_SMALL_NUMBERS,
    );
    expect(opened(outcome).filter((line) => line.endsWith("no"))).toEqual(["/proc/1/environ no"]);
    expect(opened(outcome)).toContain("/proc/1/root/etc/hostname yes");
    expect(outcome.report.departures).toEqual([]);
  });

  it.each([
    ["a second mount", "mkdir -p proc; mount -t proc proc proc", "proc"],
    ["a bind mount", "mkdir -p proc; mount --bind /proc proc", "proc"],
    ["a mount namespace", "true", "/proc"],
    ["a pid namespace that sees it", "mkdir -p proc; mount -t proc proc proc", "proc"],
  ])("in %s they are", async (name, mount, proc) => {
    const entries = ["environ", "fd", "mem", "root/etc/hostname", "cwd", "task/$1/maps"];
    const words = [...entries, "status", "task/$1/stat"].map((entry) => `${proc}/$1/${entry}`).join(" ");
    const way = name.includes("namespace") ? `unshare --mount${name.includes("pid") ? " --pid --fork" : ""}` : "";
    const outcome = await run(
      `${mount}; ${way} bash -c '${TRY}try ${words.replaceAll("$1", "$0")}' $PPID; umount proc 2>/dev/null`,
      IN_MOUNT_NAMESPACE,
    );
    expect(opened(outcome).map((line) => line.split(" ")[1])).toEqual([...entries.map(() => "no"), "yes", "yes"]);
  });

  it("they are though another status file is mounted over that of the supervisor", async () => {
    const script = `echo > status; unshare --mount bash -c '${TRY}mount --bind status /proc/$0/status && echo covered $(wc -c < /proc/$0/status)
      try /proc/$0/environ' $PPID`;
    expect(opened(await run(script, IN_MOUNT_NAMESPACE))).toEqual([
      "covered 1",
      expect.stringMatching(/^\/proc\/\d+\/environ no$/),
    ]);
  });
});
