import { describe, expect, test } from "vitest";
import { below, isWithin, joined, Mounts } from "./mount-table.ts";

const TABLE = `22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:25 / /tmp rw shared:9 master:1 - tmpfs tmpfs rw,size=1k
31 30 254:0 /srv/deep /tmp/a rw - ext4 /dev/root rw
32 31 0:31 / /tmp/a rw - tmpfs on\\040top rw
33 22 0:32 / /tmp/a/b rw - tmpfs hidden rw
34 22 0:33 / /with\\040space rw - fuse.x user@host:/x rw
`;

describe("the mount that a path leads to", () => {
  test.each([
    ["/", 22],
    ["/etc/passwd", 22],
    ["/tmp", 30],
    ["/tmpfile", 22],
    ["/tmp/a", 32],
    // A mount on the way hides a mount that was made below it.
    ["/tmp/a/b/c", 32],
    ["/with space/x", 34],
  ])("%s", (path, id) => {
    expect(new Mounts(TABLE).at(path, 22)).toBe(id);
  });

  test("fields are unescaped", () => {
    const mounts = new Mounts(TABLE);
    expect(mounts.get(31)).toEqual({
      id: 31,
      parent: 30,
      device: 254 * 2 ** 20,
      root: "/srv/deep",
      point: "/tmp/a",
      type: "ext4",
      source: "/dev/root",
    });
    expect(mounts.get(32)?.source).toBe("on top");
    expect(mounts.get(34)?.point).toBe("/with space");
  });

  test("a process does not see what is mounted over its root afterwards", () => {
    const mounts = new Mounts(`${TABLE}40 22 0:40 / / rw - tmpfs new rw\n`);
    expect(mounts.at("/etc", 22)).toBe(22);
    expect(mounts.at("/etc", 40)).toBe(40);
  });
});

describe("a damaged table", () => {
  test.each(["", "\n\n", "22", "22 1 254:0", "a b c:d / / rw - x y z", "22 1 254:0 / / rw shared:1 ext4 /dev/root rw"])(
    "%j has no mounts",
    (text) => {
      expect([...new Mounts(text).all]).toEqual([]);
    },
  );

  test("a cycle of mounts terminates", () => {
    const mounts = new Mounts("5 6 0:1 / /a rw - x y z\n6 5 0:2 / /a rw - x y z\n");
    expect([5, 6]).toContain(mounts.at("/a/b", 5));
  });

  test("a line that ends early is ignored, and the others count", () => {
    expect([...new Mounts(TABLE.slice(0, -20)).all].map(({ id }) => id)).toEqual([22, 30, 31, 32, 33]);
  });
});

test("paths are joined and split at whole names", () => {
  expect(isWithin("/a/b", "/a")).toBe(true);
  expect(isWithin("/ab", "/a")).toBe(false);
  expect(isWithin("/a", "/")).toBe(true);
  for (const [path, directory] of [
    ["/a/b", "/a"],
    ["/a", "/a"],
    ["/", "/"],
    ["/a", "/"],
  ] as const)
    expect(joined(directory, below(path, directory))).toBe(path);
});
