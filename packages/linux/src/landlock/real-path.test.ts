import { describe, expect, it } from "vitest";
import { RealPaths } from "./real-path.ts";

const places = { cwd: "/home/ann/app", home: "/home/ann", temp: ["/tmp", "/var/tmp"], uid: 1000 };
const pseudonyms = [
  { path: "/opt/tool-1.2", as: "TOOL", content: true },
  { path: "/var/log/**", as: "LOGS", content: true },
  { path: "$HOME/.cache/*/data", as: "DATA", content: true },
];
const paths = new RealPaths(places, pseudonyms);

describe("from levelled paths to real ones", () => {
  it.each([
    ["/usr/bin/node", "/usr/bin/node"],
    ["/", "/"],
    ["/opt/$HOME/{a#1}", "/opt/$HOME/{a#1}"],
    ["/srv/a\\x20b", "/srv/a\\x20b"],
    ["$CWD", "/home/ann/app"],
    ["$CWD/src/index.ts", "/home/ann/app/src/index.ts"],
    ["$HOME/.npmrc", "/home/ann/.npmrc"],
    ["$RUNTIME/bus", "/run/user/1000/bus"],
    ["$/srv/x", "/srv/x"],
    ["$CWD/$literal:{gcc#1}.s", "/home/ann/app/{gcc#1}.s"],
    ["$TOOL/bin/tool", "/opt/tool-1.2/bin/tool"],
    ["/proc/meminfo", "/proc/meminfo"],
  ])("%s is %s", (levelled, real) => {
    expect(paths.of(levelled)).toEqual([{ path: real, beyond: 0 }]);
  });

  it.each([
    ["$CWD/{npm#1}/package.json", "/home/ann/app", 2],
    ["$CWD/objects/$hash/$hash", "/home/ann/app/objects", 2],
    ["$CWD/objects/pack/pack-$hash.idx", "/home/ann/app/objects/pack", 1],
    ["$/var/lib/{redis-server#1}.rdb", "/var/lib", 1],
    ["/proc/$self/fd/$fd", "/proc", 3],
    ["/proc/$other", "/proc", 1],
    ["/dev/pts/$n", "/dev/pts", 1],
    ["$LOGS", "/var/log", Number.POSITIVE_INFINITY],
    ["$DATA/x", "/home/ann/.cache", Number.POSITIVE_INFINITY],
    ["?deleted:/srv/gone", "/srv", 1],
    ["?deleted:$CWD/{gcc#1}.s", "/home/ann/app", 1],
    ["$TOOL/$HOME", "/opt/tool-1.2", 1],
    ["/a/../etc/shadow", "/a", 3],
    ["/a//b", "/a", 2],
    ["/a/b\\x00c", "/a", 1],
  ])("%s is somewhere below %s", (levelled, path, beyond) => {
    expect(paths.of(levelled)).toEqual([{ path, beyond }]);
  });

  it("$ABOVE may be any directory that the working directory or home lies in", () => {
    expect(paths.of("$ABOVE")).toEqual(expect.arrayContaining([{ path: "/home", beyond: 0 }]));
  });

  it("$CGROUP may be the control group or any of its ancestors", () => {
    const group = { mount: "/sys/fs/cgroup", group: "/sys/fs/cgroup/a/b" };
    expect(new RealPaths({ ...places, controlGroups: [group] }, []).of("$CGROUP/cpu.max")).toEqual(
      ["/sys/fs/cgroup/a/b", "/sys/fs/cgroup/a", "/sys/fs/cgroup"].map((path) => ({
        path: `${path}/cpu.max`,
        beyond: 0,
      })),
    );
    expect(paths.of("$CGROUP/cpu.max")).toBe("unknown");
  });

  it("a temporary file may be in any of the directories for them", () => {
    expect(paths.of("$TMP/{gcc#1}.s")).toEqual([
      { path: "/tmp", beyond: 1 },
      { path: "/var/tmp", beyond: 1 },
    ]);
  });

  it.each(["memfd:x", "pipe:", "socket:", "anon:eventfd", "ns:net"])("%s has no place in a file system", (text) => {
    expect(paths.of(text)).toBe("nowhere");
  });

  it.each(["?by-handle", "?task-closed-to-sensor", "?unnamed:x", "none", "$NOBODY/x", "$constructor/x"])(
    "the place of %s is unknown",
    (text) => {
      expect(paths.of(text)).toBe("unknown");
    },
  );

  it("the directory of a path: one component less", () => {
    expect(paths.parentOf("$CWD/src/x")).toEqual([{ path: "/home/ann/app/src", beyond: 0 }]);
    expect(paths.parentOf("$CWD/{npm#1}")).toEqual([{ path: "/home/ann/app", beyond: 0 }]);
    expect(paths.parentOf("$CWD/{npm#1}/x")).toEqual([{ path: "/home/ann/app", beyond: 1 }]);
    expect(paths.parentOf("/x")).toEqual([{ path: "/", beyond: 0 }]);
    expect(paths.parentOf("$CWD")).toEqual([{ path: "/home/ann", beyond: 0 }]);
    expect(paths.parentOf("?deleted:/srv/gone")).toEqual([{ path: "/srv", beyond: 0 }]);
  });

  it("a launch in the root directory", () => {
    const atRoot = new RealPaths({ ...places, cwd: "/", home: "" }, []);
    expect(atRoot.of("$CWD/x")).toEqual([{ path: "/x", beyond: 0 }]);
    expect(atRoot.of("$CWD")).toEqual([{ path: "/", beyond: 0 }]);
    expect(atRoot.of("$HOME/x")).toBe("unknown");
  });
});
