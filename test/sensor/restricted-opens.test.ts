/** Opens that restrict their own way (`openat2` with RESOLVE flags): by its flags alone none comes to be made by the task itself. */
import { basename } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRoot } from "../support/machine.ts";
import { Bench } from "./bench.ts";
import { compiler } from "./case.ts";
import { call, must, type Script, struct } from "./script.ts";
import { isBuilt } from "./supervised.ts";

const [AT_FDCWD, CLOSED] = [-100, -1];
const CLONE_NEWNS = 0x2_0000;
const [NO_XDEV, NO_SYMLINKS, CACHED] = [1, 4, 0x20];
/** EAGAIN: what is in the cache may be told anew each time. */
const [EAGAIN, EXDEV, ELOOP] = [11, 18, 40];
const OPENAT2 = 437;

const openat2 = (directory: number, path: string, resolve: number): Script =>
  call("openat2", directory, path, struct([8, 0], [8, 0], [8, resolve]), 24);

describe.skipIf(compiler === undefined || !isBuilt || !isRoot)(
  "opens that restrict their way (need gcc, a build, root)",
  () => {
    let bench: Bench;
    beforeAll(() => {
      bench = new Bench();
    });
    afterAll(() => bench?.close());

    async function runTwice(script: readonly Script[]) {
      bench.lay();
      const learning = await bench.run(script);
      bench.lay();
      const enforcing = await bench.run(script, { mode: "enforce", contour: learning.learnt });
      expect(enforcing.report.departures).toEqual([]);
      expect(enforcing.report.incomplete).toEqual([]);
      return { learning, enforcing };
    }

    it("from a descriptor that is closed, which the kernel does not look at for an absolute path", async () => {
      const { learning, enforcing } = await runTwice([openat2(CLOSED, bench.at("file"), NO_SYMLINKS)]);
      for (const { stdout, report } of [learning, enforcing]) {
        expect(stdout).toContain(`${OPENAT2}: ok\n`);
        expect(report.racy).not.toHaveProperty("openat2");
      }
    });

    it("in another mount namespace: on one mount, from the cache, from a closed descriptor", async () => {
      const { learning, enforcing } = await runTwice([
        must(call("unshare", CLONE_NEWNS)),
        openat2(AT_FDCWD, "file", NO_XDEV),
        openat2(AT_FDCWD, "/proc/self/cwd/file", CACHED),
        openat2(CLOSED, bench.at("file"), NO_SYMLINKS),
      ]);
      for (const { stdout, report } of [learning, enforcing]) {
        expect(stdout).toMatch(new RegExp(`${OPENAT2}: ok\n${OPENAT2}: (ok|errno ${EAGAIN})\n${OPENAT2}: ok\n`));
        expect(report.racy).not.toHaveProperty("openat2");
      }
    });

    it("from a directory outside the root: what stays below it is opened; another way is refused", async () => {
      const above = `../${basename(bench.directory)}/file`;
      const { learning, enforcing } = await runTwice([
        must(call("mkdir", "made", 0o755)),
        must(call("chroot", "made")),
        openat2(AT_FDCWD, "file", NO_SYMLINKS),
        openat2(AT_FDCWD, above, NO_SYMLINKS),
        openat2(AT_FDCWD, above, NO_XDEV),
      ]);
      for (const { stdout, report } of [learning, enforcing]) {
        expect(stdout).toContain(`${OPENAT2}: ok\n${OPENAT2}: errno ${ELOOP}\n${OPENAT2}: errno ${EXDEV}\n`);
        expect(report.racy).not.toHaveProperty("openat2");
      }
    });
  },
);
