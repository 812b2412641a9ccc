/** A task that closes itself to its own user, and then acts with what it already has: descriptors and memory. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench } from "./bench.ts";
import { compiler, NOBODY } from "./case.ts";
import { call, inChild, must } from "./script.ts";
import { isBuilt } from "./supervised.ts";
import { hasOrdinaryUser, isRoot } from "../support/machine.ts";

const READ_WRITE = 2;
const READ_EXECUTE = 5;
const PRIVATE = 2;

describe.skipIf(!compiler || !isBuilt || !hasOrdinaryUser)(
  "a closed task (needs gcc, a build, an ordinary user)",
  () => {
    let bench: Bench;
    beforeAll(() => {
      bench = new Bench(isRoot ? NOBODY : undefined);
    });
    afterAll(() => bench?.close());

    const held = [must(call("open", "file", READ_WRITE)), must(call("prctl", 4, 0))];
    const reasonsOf = (outcome: { report: { incomplete: readonly { reason: string }[] } }) =>
      outcome.report.incomplete.map(({ reason }) => reason);

    it.each([
      ["fchmod", call("fchmod", 3, 0o600), /^chmod .*path=\?task-closed-to-sensor/],
      [
        "an executable mapping",
        call("mmap", 0, 4096, READ_EXECUTE, PRIVATE, 3, 0),
        /^map .*path=\?task-closed-to-sensor/,
      ],
    ])("is seen by descriptor: %s", async (_, act, expected) => {
      const outcome = await bench.run([inChild(...held, act)]);
      expect(bench.acts(outcome)).toContainEqual(expect.stringMatching(expected));
      expect(reasonsOf(outcome)).toEqual(["path not resolved (task-closed-to-sensor)"]);
    });

    it.each([
      ["symlink", call("symlink", "to", "link")],
      ["setxattr", call("setxattr", "file", "user.name", "value", 5, 0)],
      ["setgroups", call("setgroups", 1, Buffer.alloc(4))],
      ["capset", call("capset", Buffer.alloc(8), Buffer.alloc(24))],
    ])("is seen where its arguments cannot be read: %s", async (_, act) => {
      const outcome = await bench.run([inChild(...held, act)]);
      expect(reasonsOf(outcome)).toEqual(["argument not read (task-closed-to-sensor)"]);
    });
  },
);
