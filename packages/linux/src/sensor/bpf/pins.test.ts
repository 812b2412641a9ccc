import { expect, test } from "vitest";
import { BPF_FS_MAGIC, whyStrange } from "./pins.ts";

const TMPFS_MAGIC = 0x01021994;
const found = (uid: number, mode: number, isDirectory = true) => ({ uid, mode, isDirectory: () => isDirectory });

test.each([
  ["root's", found(0, 0o40700), BPF_FS_MAGIC, undefined],
  ["a link of root's", found(0, 0o120777, false), BPF_FS_MAGIC, "something else than a directory"],
  ["a directory of another user", found(1000, 0o40700), BPF_FS_MAGIC, "one of the user 1000"],
  ["one that others may open", found(0, 0o40755), BPF_FS_MAGIC, "one with the mode 0755"],
  ["one of no bpf file system", found(0, 0o40700), TMPFS_MAGIC, "one on another file system"],
])("whether a directory is that of the pins: %s", (_, stats, fileSystem, why) => {
  expect(whyStrange(stats, fileSystem)).toBe(why);
});
