import { expect, test } from "vitest";
import { BPF_FS_MAGIC, isOfLoad, whyOpen, whyStrange } from "./pins.ts";

const TMPFS_MAGIC = 0x01021994;
const found = (uid: number, mode: number, isDirectory = true) => ({ uid, mode, isDirectory: () => isDirectory });

test.each([
  ["root's", found(0, 0o40700), BPF_FS_MAGIC, undefined],
  ["a link of root's", found(0, 0o120777, false), BPF_FS_MAGIC, "something else than a directory"],
  ["a directory of another user", found(1000, 0o40700), BPF_FS_MAGIC, "one of the user 1000"],
  ["root's, which others may read", found(0, 0o40755), BPF_FS_MAGIC, undefined],
  ["one of no bpf file system", found(0, 0o40700), TMPFS_MAGIC, "one on another file system"],
])("whether a directory is that of the pins: %s", (_, stats, fileSystem, why) => {
  expect(whyStrange(stats, fileSystem)).toBe(why);
});

test.each([
  ["root's", 0o40700, undefined],
  ["one that others may read", 0o40755, undefined],
  ["one that all may change", 0o41777, "one with the mode 01777"],
  ["one that a group may change", 0o40770, "one with the mode 0770"],
])("whether another user can fill a directory of root's: %s", (_, mode, why) => {
  expect(whyOpen({ mode })).toBe(why);
});

test("what another user owns beside the loads is none, and neither is what is no directory", () => {
  expect([found(0, 0o40700), found(1000, 0o40700), found(0, 0o120777, false)].map(isOfLoad)).toEqual([
    true,
    false,
    false,
  ]);
});
