/** Paths, as the kernel resolves them for the task, not as they are written. */
import { existsSync } from "node:fs";
import type { Case } from "../case.ts";
import {
  at,
  call,
  execution,
  inChild,
  inClone,
  inLooseThread,
  inThread,
  left,
  must,
  PARENT,
  post,
  result,
  type Script,
  wait,
} from "../script.ts";

const AT_FDCWD = -100;
const O_DIRECTORY = 0o200000;
const O_CREAT = 0o100;
const O_WRONLY = 1;
const CLONE_FS = 0x200;
const CLONE_PARENT = 0x8000;
const CLONE_NEWNS = 0x2_0000;
const CLONE_NEWPID = 0x2000_0000;
const MS_BIND = 0x1000;
const MS_PRIVATE_ALL = 0x4_4000;

const open = (path: string): Script => call("open", path, 0);
const privately: Script[] = [must(call("unshare", CLONE_NEWNS)), must(call("mount", 0, "/", 0, MS_PRIVATE_ALL, 0))];
const privatelySeen = ["namespace call=unshare kinds=mount", "mount path=/ flags=0x44000"];
/** Created with one byte in its name after the other, because no source file can contain it. */
const named = (bytes: readonly number[]): Script => call("open", Buffer.from([...bytes, 0]), O_WRONLY | O_CREAT, 0o600);

export const paths: readonly Case[] = [
  {
    does: "path through links",
    calls: [open("dirlink/inner"), open("chain"), open("./dirlink/..//link")],
    events: ["open path=./dir/inner", "open path=./file"],
  },
  {
    does: "path with dots",
    calls: [
      open("dir/../dir/./inner"),
      open("dir//inner"),
      open("../path-with-dots/file"),
      open("/../../../etc/hostname"),
    ],
    events: ["open path=./dir/inner", "open path=./file", "open path=/etc/hostname"],
  },
  {
    does: "path from a directory that is entered and left",
    calls: [
      open("file"),
      must(call("chdir", "dir")),
      open("inner"),
      open("file"),
      must(call("chdir", "..")),
      open("file"),
      open("other"),
      must(open("dir")),
      must(call("fchdir", result(7))),
      open("inner"),
      call("mkdir", "new", 0o700),
    ],
    events: [
      "open path=./file",
      "open path=./dir/inner",
      "open path=./other",
      "open path=./dir mode=040755",
      "mkdir path=./dir/new",
    ],
  },
  {
    does: "path from a directory that another thread entered",
    calls: [
      open("file"),
      inThread(must(call("chdir", "dir"))),
      open("inner"),
      inThread(must(call("unshare", CLONE_FS)), must(call("chdir", "..")), open("other")),
      open("file"),
    ],
    events: ["open path=./file", "open path=./dir/inner", "open path=./other"],
  },
  {
    does: "path from a directory that a child entered",
    calls: [open("file"), inChild(must(call("chdir", "dir")), open("inner")), open("inner"), open("other")],
    events: ["open path=./file", "open path=./dir/inner", "open path=./other"],
  },
  {
    does: "path from a directory that a child entered for both",
    calls: [
      open("file"),
      inClone(CLONE_FS, must(call("chdir", "dir")), open("inner")),
      open("file"),
      call("openat", AT_FDCWD, "inner", O_WRONLY),
    ],
    events: ["open path=./file", "open path=./dir/inner", "open access=write path=./dir/inner"],
  },
  {
    does: "path from a directory shared with another program",
    calls: [
      inLooseThread(wait(0), must(call("chdir", "dir")), post(1)),
      inClone(CLONE_FS, ...execution("./true", open("file"), post(0), wait(1), open("inner"))),
    ],
    events: ["exec path=./true", "true: open path=./file", "true: open path=./dir/inner"],
  },
  {
    does: "path from a directory that the creator of a sibling moves",
    calls: [
      left(
        wait(0),
        inClone(CLONE_FS | CLONE_PARENT, open("file"), post(1), wait(2), open("inner"), post(3), post(4), post(5)),
        wait(1),
        must(call("chdir", "dir")),
        post(2),
        wait(3),
      ),
      // Another child that has made no call yet: the sibling might be this one.
      left(wait(4)),
      post(0),
      wait(5),
    ],
    events: ["open path=./file", "open path=./dir/inner"],
  },
  {
    does: "path from directories that threads have of their own",
    calls: [
      inLooseThread(
        must(call("unshare", CLONE_FS)),
        must(call("chdir", "dir")),
        open("inner"),
        post(0),
        wait(1),
        open("inner"),
        post(2),
      ),
      wait(0),
      open("file"),
      post(1),
      wait(2),
    ],
    events: ["open path=./dir/inner", "open path=./file"],
  },
  {
    does: "path from a directory that was removed",
    calls: [
      must(call("chdir", "empty")),
      must(call("rmdir", "../empty")),
      call("open", "new", O_CREAT, 0o600),
      call("mkdir", "new", 0o700),
      open("."),
      open("../file"),
    ],
    events: ["rmdir path=./empty", "open path=?deleted:./empty", "open path=./file"],
  },
  {
    does: "path from a directory that was renamed",
    calls: [
      must(call("chdir", "dir")),
      open("inner"),
      must(call("rename", "../dir", "../moved")),
      call("open", "inner", O_WRONLY),
    ],
    events: ["open path=./dir/inner", "rename path=./dir to=./moved", "open access=write path=./moved/inner"],
  },
  {
    does: "path of itself",
    calls: [
      open("/proc/self/exe"),
      open("/proc/self/cwd/file"),
      open("/proc/self/root/etc/hostname"),
      open("/proc/thread-self/cwd/dir/inner"),
    ],
    events: ["open path=./probe", "open path=./file", "open path=/etc/hostname", "open path=./dir/inner"],
  },
  {
    does: "path of the process in proc",
    calls: [
      open("/proc/self/status"),
      open("/proc/thread-self/status"),
      open("/proc/self/task"),
      inThread(open("/proc/thread-self/comm")),
    ],
    events: [
      "open path=/proc/$self/status fs=proc",
      "open path=/proc/$self/task/$tid/status",
      "open path=/proc/$self/task",
      "open path=/proc/$self/task/$tid/comm",
    ],
  },
  {
    does: "path of a descriptor",
    calls: [
      must(open("file")),
      open("/proc/self/fd/3"),
      call("open", "/dev/fd/3", O_WRONLY),
      open("/proc/self/fd/99"),
      open("/dev/stdin"),
    ],
    events: ["open path=./file", "open access=write path=./file", "open path=/dev/null"],
  },
  {
    does: "path of the descriptor of a removed file",
    calls: [must(open("file")), must(call("unlink", "file")), open("/proc/self/fd/3")],
    events: ["open path=./file", "unlink path=./file", "open path=?deleted:./file"],
  },
  {
    does: "path of the descriptor of an unnamed file",
    calls: [must(call("open", ".", 0o20200002, 0o600)), open("/proc/self/fd/3")],
    events: ["create path=./#unnamed", "open path=?deleted:./#unnamed"],
  },
  {
    does: "path of the descriptor of a pipe",
    calls: [
      must(call("socketpair", 1, 1, 0, at(0))),
      must(call("memfd_create", "m", 0)),
      open("/proc/self/fd/5"),
      open("/proc/self/fd/3"),
      open("/proc/self/ns/net"),
    ],
    events: ["socket family=unix", "open path=memfd:m", "open path=ns:net"],
  },
  {
    does: "path of another process",
    calls: [
      must(call("open", "/proc/self", O_DIRECTORY)),
      inChild(call("openat", result(0), "status", 0)),
      open("/proc/1/status"),
    ],
    events: ["open path=/proc/$self", "open path=/proc/$*/status", "open path=/proc/$other/status"],
  },
  ...(existsSync("/etc/mtab")
    ? [
        {
          does: "path of mounts",
          calls: [open("/etc/mtab"), open("/proc/mounts")],
          events: ["open path=/proc/$self/mounts"],
        },
      ]
    : []),
  {
    does: "names that are not UTF-8",
    calls: [
      call("creat", "two words", 0o600),
      call("creat", "line\nfeed", 0o600),
      call("creat", "back\\slash", 0o600),
      call("creat", "\u202egnp.exe", 0o600),
      call("creat", "größe", 0o600),
      named([0x61, 0xff, 0xfe]),
      named([0x1b, 0x5b, 0x41]),
    ],
    events: [
      "create path=./two\\x20words",
      "create path=./line\\x0afeed",
      "create path=./back\\x5cslash",
      "create path=./\\xe2\\x80\\xaegnp.exe",
      "create path=./größe",
      "create path=./a\\xff\\xfe",
      "create path=./\\x1b[A",
    ],
  },
  {
    does: "name that looks like a removed file's",
    calls: [call("creat", "file (deleted)", 0o600), open("file (deleted)")],
    events: ["create path=./file\\x20(deleted)", "open path=./file\\x20(deleted)"],
  },
  {
    does: "path through a mount of a directory elsewhere",
    by: "root",
    calls: [
      ...privately,
      must(call("mount", "dir", "empty", 0, MS_BIND, 0)),
      open("empty/inner"),
      open("empty/../file"),
      must(call("chdir", "empty")),
      open("inner"),
      open("../file"),
      call("creat", "new", 0o600),
      call("rename", "new", "../new"),
    ],
    events: [
      ...privatelySeen,
      "mount source=./dir path=./empty",
      "open path=$IN:./dir//inner",
      "open path=./file",
      "create path=$IN:./dir//new",
    ],
  },
  {
    does: "path in a mount over the working directory",
    by: "root",
    calls: [
      ...privately,
      must(call("chdir", "dir")),
      must(call("mount", "../empty", "../dir", 0, MS_BIND, 0)),
      open("inner"),
      open("../dir/inner"),
    ],
    events: [...privatelySeen, "mount source=./empty path=./dir", "open path=./dir/inner"],
  },
  {
    does: "path in a changed root through proc",
    by: "root",
    calls: [
      must(call("mkdir", "dir/etc", 0o755)),
      must(call("chroot", "dir")),
      must(call("chdir", "/")),
      call("creat", "etc/hostname", 0o644),
      open("/etc/hostname"),
      open("etc/../../../etc/hostname"),
      call("symlink", "/etc/hostname", "away"),
      open("away"),
    ],
    events: [
      "mkdir path=./dir/etc",
      "chroot path=./dir",
      "create path=$IN:./dir//etc/hostname",
      "open path=$IN:./dir//etc/hostname",
      "symlink path=$IN:./dir//away",
    ],
  },
  {
    does: "path in a pid namespace with a proc of its own",
    by: "root",
    calls: [
      inClone(
        CLONE_NEWPID | CLONE_NEWNS,
        must(call("mount", 0, "/", 0, MS_PRIVATE_ALL, 0)),
        must(call("mount", "proc", "empty", "proc", 0, 0)),
        open("empty/self/status"),
        open("empty/thread-self/comm"),
        open("empty/self/root/etc/hostname"),
        open("empty/self/cwd/file"),
        open("empty/1/exe"),
        open("empty/self/fd/0"),
      ),
    ],
    events: [
      "namespace call=clone kinds=mount,pid",
      "mount path=/",
      "mount source=proc path=./empty type=proc",
      "open path=$IN:proc/probe/./empty/1/status fs=proc",
      "open path=$IN:proc/probe/./empty/1/task/1/comm",
      "open path=/etc/hostname",
      "open path=./file",
      "open path=./probe",
      "open path=/dev/null",
    ],
  },
  {
    does: "path through another's root",
    calls: [
      must(call("open", "/proc/self", O_DIRECTORY)),
      inChild(
        call("openat", result(0), "root/etc/hostname", 0),
        call("openat", result(0), "cwd/file", 0),
        call("kill", PARENT, 0),
      ),
    ],
    events: ["open path=/proc/$self", "open path=/etc/hostname", "open path=./file"],
  },
];
