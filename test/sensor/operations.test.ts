/**
 * Every operation of the table, and every system call that leads to one: the events that are seen, and the results, which must
 * be those without isoline.
 */
import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiler, matches, NOBODY, type Ran, runCases, slug } from "./case.ts";
import { all } from "./cases/all.ts";
import { isBuilt } from "./supervised.ts";
import { isRoot } from "../support/machine.ts";

for (const [who, uid] of [
  ["root", undefined],
  ["user", NOBODY],
] as const) {
  const possible = compiler !== undefined && isBuilt && (isRoot || who === "user");
  describe.skipIf(!possible)(
    `as ${who === "root" ? "root" : "an ordinary user"} (needs gcc, a build${who === "root" ? ", root" : ""})`,
    () => {
      const cases = all.filter(({ by }) => by === undefined || (by === who && isRoot));
      let ran: Ran;
      beforeAll(async () => {
        ran = await runCases(cases, { uid: isRoot ? uid : undefined });
      });
      afterAll(() => {
        if (ran) rmSync(ran.directory, { recursive: true, force: true });
      });

      it.each(cases.map((each) => [each.does, each] as const))("%s", (does, { events, told }) => {
        const seen = ran.events.get(slug(does)) ?? [];
        const shown = seen.map((act, index) => (events[index] && matches(act, events[index]) ? events[index] : act));
        expect(shown).toEqual(events);
        expect(lines(ran.output.get(slug(does)))).toEqual(lines(told ?? ran.native.get(slug(does))));
      });

      it.skipIf(who === "user")("a call that the task makes itself, on memory or a descriptor, is counted", () => {
        expect(Object.keys(ran.outcome.report.racy).toSorted()).toEqual(madeByTheTask.toSorted());
      });

      it("nothing was lost, and no lineage guessed", () => {
        expect(ran.outcome.report).toMatchObject({ incomplete: [], guesses: 0 });
      });
    },
  );
}

/** Of the calls in the cases; in some of these the supervisor makes the call where it can. */
const madeByTheTask = [
  ...["accept", "accept4", "bind", "connect", "listen", "sendmsg", "sendto"],
  ...[
    "chroot",
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "mount",
    "mount_setattr",
    "move_mount",
    "open_tree",
    "pivot_root",
    "umount2",
  ],
  ...["capset", "clone3", "execve", "execveat", "mmap", "setgroups"],
  ...["creat", "open", "openat", "mkdir", "mknod", "rename", "rmdir", "symlink", "unlink", "fchownat"],
  ...["fanotify_mark", "fcntl", "ioctl", "perf_event_open", "pidfd_getfd", "pidfd_send_signal", "pwritev2"],
  ...["finit_module", "kexec_file_load", "quotactl_fd", "swapoff", "swapon"],
];

/** Processes of one case may print in any order. */
function lines(output: string | undefined): string[] | undefined {
  return output?.split("\n").sort();
}
