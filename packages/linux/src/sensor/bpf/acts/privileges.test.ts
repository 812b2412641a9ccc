import { expect, test } from "vitest";
import { syscallNumbers } from "../../../abi/syscalls.ts";
import { operations, type Record, standings } from "../record.ts";
import { privilegeActs } from "./privileges.ts";

const [, mount] = privilegeActs.find(([operation]) => operation === operations.mount) ?? [];

/** A call of the newer mount interface: two numbers, and what follows the objects. */
function called(call: number, [first = 0, second = 0]: readonly number[], rest: Buffer, ...objects: readonly string[]) {
  const record = {
    ...{ rest, objects: objects.length, argument: (index: number) => [first, second, 0, call][index] },
    object: (index: number) => ({ standing: standings.here, path: Buffer.from(objects[index] ?? "") }),
  };
  return mount?.(record as unknown as Record).subject;
}

const { fsmount, move_mount: moves, mount_setattr: sets, open_tree: copies } = syscallNumbers;

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
