import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { controlGroupsOf, readControlGroups } from "./control-groups.ts";

const V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";
const MEMORY = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory";
const BOTH = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct";
const SYSTEMD = "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd";

describe("control groups, by hierarchy and mount", () => {
  it.each([
    ["0::/user.slice/a.scope\n", V2, "/sys/fs/cgroup", "/sys/fs/cgroup/user.slice/a.scope"],
    ["0::/\n", V2, "/sys/fs/cgroup", "/sys/fs/cgroup"],
    ["4:memory:/docker/7f\n0::/\n", MEMORY, "/sys/fs/cgroup/memory", "/sys/fs/cgroup/memory/docker/7f"],
    ["2:cpuacct,cpu:/a\n", BOTH, "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct/a"],
    ["9:name=systemd:/a:b\n", SYSTEMD, "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/systemd/a:b"],
    ["0::/docker/7f/job", V2.replace(" / ", " /docker/7f "), "/sys/fs/cgroup", "/sys/fs/cgroup/job"],
    ["0::/docker/7f", V2.replace(" / ", " /docker/7f "), "/sys/fs/cgroup", "/sys/fs/cgroup"],
    ["0::/a b", V2.replace("/sys/fs/cgroup", "/x\\040y"), "/x\\x20y", "/x\\x20y/a\\x20b"],
  ])("%j", (groups, mounts, mount, group) => {
    expect(controlGroupsOf(groups, mounts)).toEqual([{ mount, group }]);
  });

  it.each([
    ["a group outside what is mounted", "0::/docker/8", V2.replace(" / ", " /docker/7 ")],
    ["a name that only begins alike", "0::/docker/77", V2.replace(" / ", " /docker/7 ")],
    ["a group outside the root of its namespace", "0::/../b", V2],
    ["a hierarchy that is not mounted", "4:memory:/a", BOTH],
    ["a controller that a mount has not", "2:cpu,memory:/a", BOTH],
    ["another file system", "0::/a", V2.replace("cgroup2", "tmpfs")],
    ["a mount on the root directory", "0::/a", V2.replace("/sys/fs/cgroup", "/")],
    ["nothing", "", ""],
    ["no lines of the kernel's", "0::a\nx\n:::\n", "x - cgroup2\n - \n30 23 0:26 / relative rw - cgroup2 c rw"],
  ])("%s has no path", (_, groups, mounts) => {
    expect(controlGroupsOf(groups, mounts)).toEqual([]);
  });

  it("each hierarchy has its own, and there is an end to them", () => {
    const groups = "4:memory:/m\n2:cpu,cpuacct:/c\n0::/u\n";
    expect(controlGroupsOf(groups, [MEMORY, BOTH, V2].join("\n")).map(({ group }) => group)).toEqual([
      "/sys/fs/cgroup/memory/m",
      "/sys/fs/cgroup/cpu,cpuacct/c",
      "/sys/fs/cgroup/u",
    ]);
    expect(controlGroupsOf(groups, Array(1000).fill(V2).join("\n"))).toHaveLength(64);
  });

  it("this process is listed where its groups are said to be", () => {
    const groups = readControlGroups();
    const known = readFileSync("/proc/self/mountinfo", "utf8");
    expect(groups.filter(({ mount, group }) => !group.startsWith(mount) || !known.includes(` ${mount} `))).toEqual([]);
  });
});
