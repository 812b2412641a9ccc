import { expect, test } from "vitest";
import { syscallNumbers } from "../../../abi/syscalls.ts";
import { operations, type Record, standings } from "../record.ts";
import { privilegeActs } from "./privileges.ts";

const [, mount] = privilegeActs.find(([operation]) => operation === operations.mount) ?? [];

/** A call of the newer mount interface: its numbers, and what follows the objects. */
function called(
  call: number,
  [first = 0, second = 0, third = 0]: readonly number[],
  rest: Buffer,
  ...objects: readonly string[]
) {
  const record = {
    ...{ rest, objects: objects.length, argument: (index: number) => [first, second, third, call][index] },
    object: (index: number) => ({ standing: standings.here, path: Buffer.from(objects[index] ?? "") }),
  };
  return mount?.(record as unknown as Record).subject;
}

const { fsconfig, fsmount, move_mount: moves, mount_setattr: sets, open_tree: copies } = syscallNumbers;

test.each([
  ["a tree that is mounted", 0, "/from"],
  ["a file system that is not mounted yet", 1, "?new:ext4"],
  ["a part of one", 2, "?copy:ext4"],
])("what is moved: %s", (_, kind, source) => {
  expect(called(moves, [4, kind], Buffer.from("ext4"), "/to", "/from")).toMatchObject({
    ...{ source, path: "/to", flags: 4n, options: [] },
  });
});

test("attributes follow the path", () => {
  const attributes = Buffer.alloc(33);
  attributes.writeBigUInt64LE(3n, 1);
  const rest = Buffer.concat([Buffer.from("/place"), attributes]);
  expect(called(sets, [0x8000_0100, 32], rest)).toMatchObject({
    path: "/place",
    flags: 0x8000_0100n,
    options: ["set=0x3"],
  });
  expect(called(sets, [0, 40], rest)).toMatchObject({ path: "/place", options: ["set=0x3", "more=?untold"] });
});

test("that a descriptor is closed on exec is no part of the act", () => {
  expect(called(copies, [0x8_0001], Buffer.from("/place"))).toMatchObject({ path: "/place", flags: 1n });
  expect(called(fsmount, [1], Buffer.from("tmpfs"))).toMatchObject({ path: "none", type: "tmpfs", flags: 1n });
});

const CREATES = 6;
const RECONFIGURES = 7;

test.each([
  ["none", [CREATES], ["create"]],
  ["set", [CREATES, 0, (1 << 25) | (1 << 7) | 1], ["create", "dirsync", "lazytime", "ro"]],
  ["cleared", [RECONFIGURES, ((1 << 4) | 1) << 1], ["reconfigure", "async", "rw"]],
])("a command names the flags that were set before it: %s", (_, numbers, options) => {
  expect(called(fsconfig, numbers, Buffer.from("ext4"))).toMatchObject({ type: "ext4", options });
});

test("a setting has its key and its value", () => {
  expect(called(fsconfig, [1, 1], Buffer.from("tmpfs\0size\x0064k"))).toMatchObject({
    ...{ type: "tmpfs", options: ["set-string", "size=64k"] },
  });
  expect(called(fsconfig, [0, 1], Buffer.from("tmpfs\0noswap\0"))).toMatchObject({ options: ["set-flag", "noswap"] });
});

test("a flag may have paths in its key, as words that are joined to others have them", () => {
  expect(called(fsconfig, [0, 1], Buffer.from("overlay\0lowerdir=/a\\:b:/c\0"))).toMatchObject({
    options: ["set-flag", "lowerdir=/a:b", "lowerdir=/c"],
  });
});
