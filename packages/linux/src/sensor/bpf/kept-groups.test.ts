import { expect, test } from "vitest";
import { type Group, OwnGroups } from "../own-groups.ts";
import { KeptGroups } from "./kept-groups.ts";
import { u32 } from "./structures.ts";

const DEVICE = 7;
const group = (inode: number, device = DEVICE): Group => ({ inode, device });
const keyOf = ({ inode, device }: Group) => {
  const key = Buffer.alloc(16);
  key.writeBigUInt64LE(BigInt(inode));
  key.writeUInt32LE(device, 8);
  return key;
};

/** A map with room for three groups. */
class FakeMap {
  readonly #kept: Set<string>;

  constructor(...kept: readonly Group[]) {
    this.#kept = new Set(kept.map((each) => keyOf(each).toString("hex")));
  }

  update(key: Buffer): boolean {
    const name = key.toString("hex");
    if (!this.#kept.has(name) && this.#kept.size >= 3) return false;
    this.#kept.add(name);
    return true;
  }

  delete(key: Buffer): boolean {
    return this.#kept.delete(key.toString("hex"));
  }

  keys(): Buffer[] {
    return [...this.#kept].map((name) => Buffer.from(name, "hex"));
  }

  get inodes(): number[] {
    return this.keys()
      .map((key) => Number(key.readBigUInt64LE(0)))
      .sort((one, other) => one - other);
  }
}

/** Where this process and one other supervisor are. */
class FakeGroups {
  readonly #others: readonly Group[] | undefined;
  own: readonly Group[];
  moves = 0;
  isClosed = false;

  constructor(own: readonly Group[], others: readonly Group[] | undefined) {
    this.own = own;
    this.#others = others;
  }

  readonly containing = () => this.own;
  readonly containingProcess = () => this.#others;
  readonly sees = (device: number) => device === DEVICE;
  readonly hasMoved = () => this.moves-- > 0;
  readonly close = () => {
    this.isClosed = true;
  };
}

/** The other supervisor is this process, so that there is one with its number. */
const mapsOf = (own_groups: FakeMap) => ({ own_groups, supervisors: { keys: () => [u32(process.pid)] } });

test("where there is no more room, groups that hold no living supervisor make room", () => {
  const map = new FakeMap(group(1), group(2), group(3));
  new KeptGroups(mapsOf(map), new FakeGroups([group(4), group(5)], [group(2)]));
  expect(map.inodes).toEqual([2, 4, 5]);
});

test("nothing is forgotten while there is room", () => {
  const map = new FakeMap(group(1), group(2));
  new KeptGroups(mapsOf(map), new FakeGroups([group(4)], [group(2)]));
  expect(map.inodes).toEqual([1, 2, 4]);
});

test("groups of hierarchies that this process does not see stay", () => {
  const map = new FakeMap(group(1, 8), group(2), group(3));
  new KeptGroups(mapsOf(map), new FakeGroups([group(4)], []));
  expect(map.inodes).toEqual([1, 4]);
});

test.each<[string, readonly Group[] | undefined]>([
  ["each holds a living supervisor", [group(1), group(2), group(3)]],
  ["it cannot be seen where a living supervisor is", undefined],
])("no group is forgotten where %s, and the error is about groups", (_, others) => {
  const map = new FakeMap(group(1), group(2), group(3));
  const groups = new FakeGroups([group(4)], others);
  expect(() => new KeptGroups(mapsOf(map), groups)).toThrow(/control groups/);
  expect(map.inodes).toEqual([1, 2, 3]);
  expect(groups.isClosed).toBe(true);
});

test("the groups that a supervisor is moved to are kept from then on, and a move is told once", () => {
  const map = new FakeMap();
  const groups = new FakeGroups([group(1)], []);
  const kept = new KeptGroups(mapsOf(map), groups);
  groups.own = [group(2)];
  groups.moves = 1;
  expect([kept.follow("at once"), kept.follow("at once")]).toEqual([true, false]);
  expect(map.inodes).toEqual([1, 2]);
});

test("now and then is not each time", () => {
  const groups = new FakeGroups([group(1)], []);
  const kept = new KeptGroups(mapsOf(new FakeMap()), groups);
  groups.moves = 2;
  expect([kept.follow("now and then"), kept.follow("now and then")]).toEqual([true, false]);
});

test("another process is found in the groups that it is in", () => {
  const groups = new OwnGroups();
  expect(groups.containingProcess(process.pid)).toEqual(groups.containing());
  expect(groups.hasMoved()).toBe(false);
  groups.close();
});
