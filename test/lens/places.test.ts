import { DEFAULT_POLICY, EXACT_POLICY, parsePolicy } from "@isoline/core/identity";
import { describe, expect, test } from "vitest";
import { ann, Namespace } from "./namespace.ts";

const node = (machine = ann, policy = DEFAULT_POLICY) => new Namespace(machine, policy).process(0, "node");
const slice = "/sys/fs/cgroup/system.slice";
const inScope = { ...ann, controlGroups: [{ mount: "/sys/fs/cgroup", group: `${slice}/ci.scope` }] };
const without = (rule: string) => parsePolicy({ rules: { [rule]: false } });

describe("directories by purpose", () => {
  test.each([
    ["/home/ann/app", "$CWD"],
    ["/home/ann/app/src/x.ts", "$CWD/src/x.ts"],
    ["/home/ann", "$HOME"],
    ["/home/ann/.npmrc", "$HOME/.npmrc"],
    ["/home/ann/application/x", "$HOME/application/x"],
    ["/home/anna/x", "/home/anna/x"],
    ["/home", "$ABOVE"],
    ["/home/bob", "/home/bob"],
    ["/var", "/var"],
    ["/tmp/x", "$TMP/x"],
    ["/var/tmp", "$TMP"],
    ["/tmpfile", "/tmpfile"],
    ["/run/user/1000/bus", "$RUNTIME/bus"],
    ["/run/user/1001/bus", "/run/user/1001/bus"],
    ["/usr/bin/node", "/usr/bin/node"],
    ["/", "/"],
  ])("%s is %s", (path, expected) => {
    expect(node().sees(path)).toBe(expected);
  });

  test("the longest wins, whatever its purpose", () => {
    const nested = { ...ann, cwd: "/tmp/work", home: "/tmp/work/home", temp: ["/tmp", "/tmp/work/home/tmp"] };
    const process = node(nested);
    expect(process.sees("/tmp/work/a")).toBe("$CWD/a");
    expect(process.sees("/tmp/work/home/a")).toBe("$HOME/a");
    expect(process.sees("/tmp/work/home/tmp/a")).toBe("$TMP/a");
    expect(process.sees("/tmp/a")).toBe("$TMP/a");
  });

  test("of equal ones the working directory wins over home and home over temp", () => {
    expect(node({ ...ann, cwd: "/root", home: "/root" }).sees("/root/a")).toBe("$CWD/a");
    expect(node({ ...ann, home: "/tmp" }).sees("/tmp/a")).toBe("$HOME/a");
  });

  test("each directory above the working directory, home and TMPDIR is $ABOVE, but nothing else in it", () => {
    const process = node({ ...ann, cwd: "/builds/7f/app", temp: ["/scratch/ann", "/tmp", "/var/tmp"] });
    expect(["/builds", "/builds/7f", "/home", "/scratch"].map((path) => process.sees(path))).toEqual(
      Array(4).fill("$ABOVE"),
    );
    expect(
      ["/builds/x", "/builds/7f/other", "/scratch/bob", "/"].filter((path) => process.sees(path) !== path),
    ).toEqual([]);
  });

  test("one that has a token of its own keeps it", () => {
    expect(node({ ...ann, cwd: "/tmp/x/y", home: "/tmp/x/y/z" }).sees("/tmp/x/y")).toBe("$CWD");
    expect(node({ ...ann, cwd: "/tmp/x/y" }).sees("/tmp/x")).toBe("$ABOVE");
    expect(node({ ...ann, cwd: "/tmp/x/y" }).sees("/tmp")).toBe("$TMP");
  });

  test("the root directory belongs to none of them", () => {
    const process = node({ ...ann, cwd: "/", home: "/", temp: ["/"] });
    expect(process.sees("/etc/passwd")).toBe("/etc/passwd");
    expect(process.sees("/")).toBe("/");
  });

  test.each([
    ["working-directory", "/home/ann/app/a", "$HOME/app/a"],
    ["home", "/home/ann/.npmrc", "/home/ann/.npmrc"],
    ["temp", "/tmp/a", "/tmp/a"],
    ["runtime-directory", "/run/user/1000/bus", "/run/user/1000/bus"],
    ["control-group", `${slice}/ci.scope/cpu.max`, `${slice}/ci.scope/cpu.max`],
    ["control-group", `${slice}/cpu.max`, `${slice}/cpu.max`],
  ])("%s can be switched off", (rule, path, expected) => {
    expect(node(inScope, without(rule)).sees(path)).toBe(expected);
  });
});

describe("the control group", () => {
  test.each([
    [`${slice}/ci.scope`, "$CGROUP"],
    [`${slice}/ci.scope/memory.max`, "$CGROUP/memory.max"],
    [`${slice}/ci.scope/job/memory.max`, "$CGROUP/job/memory.max"],
    [slice, "$CGROUP"],
    [`${slice}/cpu.max`, "$CGROUP/cpu.max"],
    ["/sys/fs/cgroup", "$CGROUP"],
    ["/sys/fs/cgroup/cgroup.controllers", "$CGROUP/cgroup.controllers"],
    [`${slice}/other.scope`, `${slice}/other.scope`],
    [`${slice}/other.scope/memory.max`, `${slice}/other.scope/memory.max`],
    [`${slice}/ci.scope2/memory.max`, `${slice}/ci.scope2/memory.max`],
    ["/sys/fs/bpf", "/sys/fs/bpf"],
    ["/sys/fs", "/sys/fs"],
    ["/memory.max", "/memory.max"],
  ])("%s is %s", (path, expected) => {
    expect(node(inScope).sees(path)).toBe(expected);
  });

  test("if only the group is mounted, its files have the same names", () => {
    const contained = { ...ann, controlGroups: [{ mount: "/sys/fs/cgroup", group: "/sys/fs/cgroup" }] };
    expect(node(contained).sees("/sys/fs/cgroup/memory.max")).toBe("$CGROUP/memory.max");
  });

  test("of several hierarchies, each", () => {
    const hierarchies = ["memory", "cpu"].map((name) => `/sys/fs/cgroup/${name}`);
    const old = { ...ann, controlGroups: hierarchies.map((mount) => ({ mount, group: `${mount}/docker/7f` })) };
    expect(hierarchies.map((mount) => node(old).sees(`${mount}/docker/7f/tasks`))).toEqual(
      Array(2).fill("$CGROUP/tasks"),
    );
    expect(node(old).sees("/sys/fs/cgroup/cpu/tasks")).toBe("$CGROUP/tasks");
    expect(node(old).sees("/sys/fs/cgroup")).toBe("/sys/fs/cgroup");
  });

  test("it is counted", () => {
    const process = node(inScope);
    process.sees(`${slice}/cpu.max`);
    expect(process.namespace.fired()).toMatchObject({ "control-group": 1 });
  });
});

describe("times in names", () => {
  test.each([
    ["/home/ann/.npm/_logs/2026-11-24T14_20_30_123Z-debug-0.log", "$HOME/.npm/_logs/{@past}-debug-0.log"],
    ["/srv/backup-20261124T142030.tar", "$/srv/{backup-@past}.tar"],
    ["/srv/2026-11-24_14-20-30/x", "$/srv/{@past}/x"],
    ["/srv/backup-20261124142030.tar", "$/srv/{backup-@past}.tar"],
  ])("%s is %s", (path, expected) => {
    expect(node().sees(path)).toBe(expected);
  });

  test.each([
    "/srv/2026-11-24.log",
    "/srv/report-20261124",
    "/srv/1120261124142030",
    "/srv/{2026-11-24T14_20_30",
    "/srv/release-2026.11.24",
    "/srv/9999-99-99T99_99_99",
  ])("%s stays", (path) => {
    expect(node().sees(path).endsWith(path)).toBe(true);
  });

  test("timestamp can be switched off", () => {
    const path = "/srv/backup-20261124T142030.tar";
    expect(node(ann, without("timestamp")).sees(path)).toBe(path);
  });
});

describe("numbers in /proc", () => {
  test.each([
    ["/proc/4711", "/proc/$self"],
    ["/proc/4711/maps", "/proc/$self/maps"],
    ["/proc/4712/status", "/proc/$task/status"],
    ["/proc/1/environ", "/proc/$other/environ"],
    ["/proc/4711/fd/7", "/proc/$self/fd/$fd"],
    ["/proc/4711/fdinfo/0", "/proc/$self/fdinfo/$fd"],
    ["/proc/4711/fd", "/proc/$self/fd"],
    ["/proc/4711/task/4799", "/proc/$self/task/$tid"],
    ["/proc/4711/task/4799/comm", "/proc/$self/task/$tid/comm"],
    ["/proc/4711/task/4799/fd/12", "/proc/$self/task/$tid/fd/$fd"],
    ["/proc/4712/task", "/proc/$task/task"],
    ["/proc/4711/map_files/7f00-7f01", "/proc/$self/map_files/$range"],
    ["/proc/4711/ns/net", "/proc/$self/ns/net"],
    ["/proc/4711/net/tcp", "/proc/$self/net/tcp"],
    ["/proc/4711/root/etc/7/fd/7", "/proc/$self/root/etc/7/fd/7"],
    ["/proc/sys/kernel/4711", "/proc/sys/kernel/4711"],
    ["/proc/meminfo", "/proc/meminfo"],
    ["/proc/0", "/proc/0"],
    ["/proc/04711/maps", "/proc/04711/maps"],
    ["/proc/47110000000000/maps", "/proc/47110000000000/maps"],
    ["/procession/4711", "/procession/4711"],
  ])("%s is %s", (path, expected) => {
    expect(node().sees(path)).toBe(expected);
  });

  test("can be left alone", () => {
    expect(node(ann, without("proc-pid")).sees("/proc/4711/fd/7")).toBe("/proc/4711/fd/7");
  });
});

describe("pseudo terminals", () => {
  test.each([
    ["/dev/pts/3", "/dev/pts/$n"],
    ["/dev/pts/ptmx", "/dev/pts/ptmx"],
    ["/dev/pts/3/x", "/dev/pts/3/x"],
    ["/dev/tty3", "/dev/tty3"],
  ])("%s is %s", (path, expected) => {
    expect(node().sees(path)).toBe(expected);
  });

  test("can be left alone", () => {
    expect(node(ann, without("pty")).sees("/dev/pts/3")).toBe("/dev/pts/3");
  });
});

describe("what is not a real path stays unchanged", () => {
  test.each([
    "memfd:x",
    "pipe:",
    "socket:",
    "anon:inotify",
    "ns:net",
    "?unnamed:x",
    "?too-long",
    "?deleted:",
    "",
    "$CWD/x",
  ])("%j", (path) => {
    expect(node().namespace.leveller.levelPath(path, { pid: 1, tid: 1, program: "node" })).toBe(path);
  });

  test("but a deleted file is levelled by the path it had", () => {
    expect(node().sees("?deleted:/home/ann/app/x")).toBe("?deleted:$CWD/x");
    expect(node().sees("?deleted:/usr/lib/x")).toBe("?deleted:/usr/lib/x");
  });
});

describe("no real name passes for a token", () => {
  test.each([
    ["/home/ann/app/$HOME", "$CWD/$literal:$HOME"],
    ["/home/ann/app/{gcc#1}.s", "$CWD/$literal:{gcc#1}.s"],
    ["/home/ann/app/pack-$hash.idx", "$CWD/$literal:pack-$hash.idx"],
    ["/home/ann/app/$literal:x", "$CWD/$literal:$literal:x"],
    ["/home/ann/app/Outer$1.class", "$CWD/Outer$1.class"],
    ["/home/ann/app/a{b}", "$CWD/a{b}"],
    ["/srv/{gcc#1}.s", "/srv/{gcc#1}.s"],
    ["/$CWD/x", "/$CWD/x"],
  ])("%s is %s", (path, expected) => {
    expect(node().sees(path)).toBe(expected);
  });

  test("the lens counts how often it had to mark one", () => {
    const process = node();
    process.sees("/home/ann/app/$HOME");
    expect(process.namespace.fired()).toMatchObject({ literal: 1, "working-directory": 1 });
  });
});

describe("pseudonyms", () => {
  const policy = parsePolicy({
    lens: "exact",
    pseudonyms: [
      { path: "$CWD/coverage/**", as: "COVERAGE" },
      { path: "/opt/app-*", as: "APP" },
      { path: "$TMP/{node#*}", as: "SCRATCH" },
      { path: "/var/log/app.log", as: "LOG", content: false },
      { path: "/opt/app-1/never", as: "NEVER" },
    ],
  });

  test.each([
    ["/home/ann/app/coverage/a/b.html", "$COVERAGE"],
    ["/home/ann/app/coverage", "$CWD/coverage"],
    ["/opt/app-1.2/bin/run", "$APP/bin/run"],
    ["/opt/app-1/never", "$APP/never"],
    ["/opt/other", "/opt/other"],
    ["/var/log/app.log", "$LOG"],
  ])("%s is %s", (path, expected) => {
    expect(node(ann, policy).sees(path)).toBe(expected);
  });

  test("see the result of the other rules", () => {
    expect(node(ann, policy).draws("/tmp/AbCdEf")).toBe("$SCRATCH");
  });

  test("may say that content does not count, for data only", () => {
    const process = node(ann, policy);
    const digest = "0".repeat(64);
    const read = (path: string) => process.does("open", { access: "read", ...process.object(path), digest });
    expect(read("/var/log/app.log")).not.toContain("digest=");
    expect(read("/opt/app-1/x")).toContain("digest=");
    expect(process.does("exec", { ...process.object("/var/log/app.log"), digest, loader: [] })).toContain("digest=");
  });
});

describe("content of data", () => {
  const digest = "0".repeat(64);
  test.each([
    [DEFAULT_POLICY, false],
    [EXACT_POLICY, true],
    [parsePolicy({ content: "read" }), true],
  ])("counts if the policy says so", (policy, counts) => {
    const process = node(ann, policy);
    const object = { ...process.object("/usr/x"), digest };
    expect(process.does("open", { access: "read", ...object }).includes("digest=")).toBe(counts);
    expect(process.does("exec", { ...object, loader: [] })).toContain("digest=");
    expect(process.does("map", { access: "exec", ...object })).toContain("digest=");
    expect(process.namespace.fired()["data-content"] ?? 0).toBe(counts ? 0 : 1);
  });
});

test("every path field of every operation is levelled", () => {
  const process = node();
  const path = "/home/ann/app/x";
  const object = process.object(path);
  const lines = [
    process.does("exec", { ...object, loader: ["/home/ann/app/sh@node@?", "/lib/ld.so@00", "odd"] }),
    process.does("unlink", object),
    process.does("chmod", { ...object, to: 0o755 }),
    process.does("setxattr", { ...object, name: "user.x" }),
    process.does("rename", { ...object, to: "/home/ann/y", replaces: "no" }),
    process.does("link", { ...object, to: "/home/ann/y" }),
    process.does("mount", { call: "mount", source: path, path, type: "bind", flags: 0n }),
    process.does("pivot", { path, old: path }),
    process.does("chroot", { path }),
    process.does("module", { call: "load", path }),
  ];
  for (const line of lines) expect(line).not.toContain("/home/ann");
  expect(lines[0]).toContain("loader=$CWD/sh@node@?,/lib/ld.so@00,odd");
  expect(process.does("mount", { call: "mount", source: "$CWD", path, type: "x", flags: 0n })).toContain(
    "source=$literal:$CWD ",
  );
  expect(process.does("mount", { call: "mount", source: "tmpfs", path, type: "x", flags: 0n })).toContain(
    "source=tmpfs ",
  );
});

test("an event without anything to level is the same event", () => {
  const process = new Namespace({ ...ann, uid: 0, gid: 0 }).process(0, "node");
  const event = {
    op: "chroot" as const,
    actor: {
      task: "0".repeat(64),
      parent: "0".repeat(64),
      credentials: { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0, capabilities: 0n },
    },
    subject: { path: "/usr" },
  };
  expect(process.namespace.leveller.level(event as never, { pid: 1, tid: 1, program: "x" })).toBe(event);
});
