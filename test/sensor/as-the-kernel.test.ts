/**
 * What a call means to the kernel, where the supervisor's own view of it could be another: above a changed root, in another network,
 * in memory of which the supervisor can read a part only, by flags as old programs give them.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRoot } from "../support/machine.ts";
import { type Case, compiler, matches, type Ran, runCases, slug } from "./case.ts";
import { at, call, callNumber, must, poke, result, type Script, struct } from "./script.ts";
import { isBuilt } from "./supervised.ts";

const CLONE_NEWNS = 0x2_0000;
const CLONE_NEWNET = 0x4000_0000;
const MS_PRIVATE_ALL = 0x4_4000;
const MS_MGC_VAL = 0xc0ed_0000;
const MS_BIND = 0x1000;
const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;
const O_RDWR = 2;
const S_IFCHR = 0o020000;
/** Character device 10:200, as `mknod` takes it. */
const TUN = (10 << 8) | 200;
const SECCOMP = 317;
const MEMFD_SECRET = 447;
const PAGE = 4096;
const PROT_READ_WRITE = 3;
const MAP_SHARED_FIXED = 0x11;
const EFAULT = 14;
/** Readable for root. */
const secretSetting = "/sys/module/secretmem/parameters/enable";
const hasSecretMemory = isRoot && existsSync(secretSetting) && readFileSync(secretSetting, "latin1").startsWith("Y");

const RESOLVE_NO_XDEV = 1;
const RESOLVE_NO_SYMLINKS = 4;

const openat2 = (path: string, resolve: number): Script =>
  call("openat2", AT_FDCWD, path, struct([8, 0], [8, 0], [8, resolve]), 24);
const open = (path: string): Script => call("open", path, 0);
const apart: readonly Script[] = [
  must(call("unshare", CLONE_NEWNS)),
  must(call("mount", "none", "/", 0, MS_PRIVATE_ALL, 0)),
];
const apartSeen = ["namespace call=unshare kinds=mount", "mount call=mount path=/"];

const cases: readonly Case[] = [
  {
    does: "filter with a listener, and with flags that the kernel does not know",
    calls: [callNumber(SECCOMP, 1, 0x4000_0008, 1), callNumber(SECCOMP, 1, 0xffff_ffff, 0)],
    events: [],
  },
  {
    does: "path above a changed root, through a link in proc",
    calls: [
      ...apart,
      must(call("mkdir", "dir/proc", 0o755)),
      must(call("mount", "proc", "dir/proc", "proc", 0, 0)),
      must(call("chroot", "dir")),
      must(call("chdir", "/")),
      open("/proc/self/root/../inner"),
      // It is there above the root only.
      open("/../file"),
    ],
    events: [
      ...apartSeen,
      "mkdir path=./dir/proc",
      "mount source=proc path=./dir/proc type=proc",
      "chroot path=./dir",
      "open path=$IN:./dir//inner",
    ],
  },
  {
    does: "openat2 that refuses links and mounts, above a changed root",
    calls: [
      ...apart,
      must(call("symlink", "inner", "dir/way")),
      must(call("mkdir", "dir/sub", 0o755)),
      must(call("mount", "tmpfs", "dir/sub", "tmpfs", 0, 0)),
      must(call("chroot", "dir")),
      must(call("chdir", "/")),
      ...["way", "/way", "inner"].map((path) => openat2(path, RESOLVE_NO_SYMLINKS)),
      ...["/sub", "/inner", "inner"].map((path) => openat2(path, RESOLVE_NO_XDEV)),
    ],
    events: [
      ...apartSeen,
      "symlink path=./dir/way",
      "mkdir path=./dir/sub",
      "mount source=tmpfs path=./dir/sub type=tmpfs",
      "chroot path=./dir",
      "open path=$IN:./dir//inner",
    ],
  },
  {
    does: "path of tables and settings of another network",
    calls: [
      open("/proc/sys/net/core/somaxconn"),
      must(call("unshare", CLONE_NEWNET)),
      open("/proc/sys/net/core/somaxconn"),
      open("/proc/self/net/tcp"),
      open(`/proc/${process.pid}/net/tcp`),
      open("/proc/self/status"),
    ],
    events: [
      "open path=/proc/sys/net/core/somaxconn",
      "namespace call=unshare kinds=net",
      "open path=$IN:net/probe//proc/sys/net/core/somaxconn fs=proc",
      "open path=$IN:net/probe//proc/$self/net/tcp",
      "open path=/proc/$other/net/tcp",
      "open path=/proc/$self/status",
    ],
  },
  {
    does: "path of a device that makes interfaces in another network",
    calls: [
      must(call("mknod", "tun", S_IFCHR | 0o600, TUN)),
      call("open", "tun", O_RDWR),
      must(call("unshare", CLONE_NEWNET)),
      call("open", "tun", O_RDWR),
    ],
    events: [
      "mknod path=./tun",
      "open access=read,write path=./tun",
      "namespace call=unshare kinds=net",
      "open access=read,write path=$IN:net/probe/./tun",
    ],
  },
  {
    // The kernel asks whether something is mounted there for the caller. For the supervisor, nothing is.
    does: "mount points of another mount namespace, to be removed and moved",
    calls: [
      ...apart,
      must(call("mount", "tmpfs", "dir", "tmpfs", 0, 0)),
      must(call("mount", "file", "other", 0, MS_BIND, 0)),
      ...[call("rmdir", "dir"), call("unlink", "other"), call("unlink", "dir"), call("rmdir", "other")],
      ...[call("rename", "dir", "new"), call("rename", "empty", "dir"), call("rename", "file", "other")],
      call("renameat2", AT_FDCWD, "empty", AT_FDCWD, "dir", RENAME_EXCHANGE),
      must(call("umount2", "dir", 0)),
      must(call("rename", "dir", "new")),
    ],
    events: [
      ...apartSeen,
      "mount source=tmpfs path=./dir type=tmpfs",
      "mount source=./file path=./other",
      "umount path=$IN:tmpfs/probe/./dir",
      "rename path=./dir to=./new",
    ],
  },
  {
    does: "mount from a link",
    // The first with flags as old programs give them, the second of a type that the kernel does not have, or not yet.
    calls: [
      ...apart,
      call("mount", "link", "empty", "ext4", MS_MGC_VAL, 0),
      call("mount", "link", "empty", "no-such-type", 0, 0),
    ],
    events: [
      ...apartSeen,
      "mount source=./file path=./empty type=ext4 flags=0x0",
      "mount source=./file path=./empty type=no-such-type flags=0x0",
    ],
  },
];

/** The options begin in ordinary memory, and go on where only the task can read, and the kernel for it. */
const halfSecret: Case = {
  does: "mount with options of which a part is secret",
  calls: [
    ...apart,
    must(callNumber(MEMFD_SECRET, 0)),
    must(call("ftruncate", result(2), PAGE)),
    must(call("mmap_plain", at(2 * PAGE), PAGE, PROT_READ_WRITE, MAP_SHARED_FIXED, result(2), 0)),
    poke(2 * PAGE - 8, Buffer.from("size=64k")),
    poke(2 * PAGE, Buffer.from(",mode=0777\0")),
    call("mount", "tmpfs", "dir", "tmpfs", 0, at(2 * PAGE - 8)),
    poke(2 * PAGE - 9, Buffer.from("size=64k\0")),
    call("mount", "tmpfs", "dir", "tmpfs", 0, at(2 * PAGE - 9)),
  ],
  events: [
    ...apartSeen,
    "mount source=tmpfs path=./dir type=tmpfs options=?unreadable",
    "mount source=tmpfs path=./dir type=tmpfs options=size=64k",
  ],
  told: `272: ok\n165: ok\n${MEMFD_SECRET}: ok\n77: ok\n9: ok\n165: errno ${EFAULT}\n165: ok\nexit 0\n`,
};

describe.skipIf(!compiler || !isBuilt || !isRoot)("calls as the kernel takes them (needs gcc, a build, root)", () => {
  const all = hasSecretMemory ? [...cases, halfSecret] : cases;
  let ran: Ran;
  beforeAll(async () => {
    ran = await runCases(all, {});
  });
  afterAll(() => {
    if (ran) rmSync(ran.directory, { recursive: true, force: true });
  });

  it.each(all.map((each) => [each.does, each] as const))("%s", (does, { events, told }) => {
    const seen = ran.events.get(slug(does)) ?? [];
    expect(seen.map((act, index) => (events[index] && matches(act, events[index]) ? events[index] : act))).toEqual(
      events,
    );
    expect(ran.output.get(slug(does))).toBe(told ?? ran.native.get(slug(does)));
  });

  it("nothing was lost", () => {
    expect(ran.outcome.report).toMatchObject({ incomplete: [] });
  });
});
