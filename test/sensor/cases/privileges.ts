/** The credentials of a process, and its namespaces. */
import type { Case } from "../case.ts";
import { at, call, inChild, inClone, link, must, result, type Script, struct, UNMAPPED } from "../script.ts";

const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const NOBODY = 65534;
const CLONE_FS = 0x200;
const CLONE_VFORK = 0x4000;
const CLONE_NEWNS = 0x2_0000;
const CLONE_NEWUTS = 0x400_0000;
const CLONE_NEWIPC = 0x800_0000;
const CLONE_NEWUSER = 0x1000_0000;
const MNT_EXPIRE = 4;
const MS_BIND = 0x1000;
const MS_PRIVATE_ALL = 0x4_4000;
const O_PATH = 0o10000000;
const O_DIRECTORY = 0o200000;

/** Mounts that follow are visible in no other namespace. */
const apart: Script[] = [must(call("unshare", CLONE_NEWNS)), must(call("mount", 0, "/", 0, MS_PRIVATE_ALL, 0))];
const apartSeen = ["namespace call=unshare kinds=mount", "mount call=mount source=none path=/ type=none flags=0x44000"];

const MANY = Array.from({ length: 40 }, (_, index) => 5000 + index);

export const privileges: readonly Case[] = [
  {
    does: "ids are given up",
    by: "root",
    calls: [
      call("setgroups", 2, struct([4, 5], [4, 6])),
      call("setresgid", NOBODY, NOBODY, NOBODY),
      call("setresuid", -1, NOBODY, -1),
      call("open", "file", 0),
      call("setuid", 0),
      call("setreuid", -1, NOBODY),
      call("open", "other", 0),
    ],
    events: [
      "setid call=setgroups ids=5,6",
      "setid call=setresgid ids=65534,65534,65534",
      "setid call=setresuid ids=-1,65534,-1",
      "as 65534: open path=./file",
      "as 65534: setid call=setuid ids=0",
      "setid call=setreuid ids=-1,65534",
    ],
  },
  {
    does: "groups, of which each counts",
    by: "root",
    calls: [call("setgroups", MANY.length, struct(...MANY.map((group): [4, number] => [4, group])))],
    events: [`setid call=setgroups ids=${MANY.join(",")}`],
  },
  {
    does: "ids in every way",
    by: "user",
    calls: [
      call("setuid", NOBODY),
      call("setgid", NOBODY),
      call("setreuid", NOBODY, -1),
      call("setregid", -1, NOBODY),
      call("setfsuid", NOBODY),
      call("setfsgid", NOBODY),
      call("setuid", 0),
      call("setgroups", 0, 0),
    ],
    events: [
      "setid call=setuid ids=65534",
      "setid call=setgid ids=65534",
      "setid call=setreuid ids=65534,-1",
      "setid call=setregid ids=-1,65534",
      "setid call=setfsuid ids=65534",
      "setid call=setfsgid ids=65534",
      "setid call=setuid ids=0",
      "setid call=setgroups ids=",
    ],
  },
  {
    does: "setgroups of an empty list",
    calls: [call("setgroups", 3, UNMAPPED), call("setgroups", 70_000, UNMAPPED)],
    events: [],
  },
  {
    does: "prctl that is an event",
    calls: [
      call("prctl", 4, 1),
      call("prctl", 8, 1),
      call("prctl", 22, 2, UNMAPPED),
      call("prctl", 24, 40),
      call("prctl", 28, 0),
      call("prctl", 35, 0, 0, 0, 0),
      call("prctl", 36, 1),
      call("prctl", 47, 4, 0, 0, 0),
      call("prctl", 0x59616d61, 0),
    ],
    events: [
      "prctl option=set-dumpable value=1",
      "prctl option=set-keepcaps value=1",
      "prctl option=set-seccomp value=2",
      "prctl option=drop-bounding-capability value=40",
      "prctl option=set-securebits value=0",
      "prctl option=set-mm value=0",
      "prctl option=set-child-subreaper value=1",
      "prctl option=ambient-capability value=4",
      "prctl option=set-ptracer value=*",
    ],
  },
  {
    does: "prctl that is no event",
    calls: [call("prctl", 15, "name"), call("prctl", 3), call("prctl", 38, 1, 0, 0, 0)],
    events: [],
  },

  {
    does: "mount and umount",
    by: "root",
    calls: [
      ...apart,
      call("mount", "tmpfs", "dir", "tmpfs", 2, "size=4k"),
      call("mount", "file", "other", 0, MS_BIND, 0),
      call("umount2", "other", 2),
      call("umount2", "dir", 0),
    ],
    events: [
      ...apartSeen,
      "mount call=mount source=tmpfs path=./dir type=tmpfs flags=0x2",
      "mount source=./file path=./other type=none flags=0x1000",
      "umount path=$IN:./file// flags=2",
      "umount path=$IN:tmpfs/probe/./dir flags=0",
    ],
  },
  {
    does: "umount of a former working directory",
    by: "root",
    calls: [
      ...apart,
      call("mount", "tmpfs", "dir", "tmpfs", 0, 0),
      inChild(must(call("chdir", "dir")), call("open", ".", 0)),
      call("umount2", "dir", 0),
    ],
    events: [
      ...apartSeen,
      "mount path=./dir",
      "open path=$IN:tmpfs/probe/./dir",
      "umount path=$IN:tmpfs/probe/./dir flags=0",
    ],
  },
  {
    does: "umount of an unused mount",
    by: "root",
    calls: [
      ...apart,
      call("mount", "tmpfs", "dir", "tmpfs", 0, 0),
      call("umount2", "dir", MNT_EXPIRE),
      call("umount2", "dir", MNT_EXPIRE),
      call("umount2", "dir", MNT_EXPIRE),
    ],
    events: [...apartSeen, "mount path=./dir", "umount path=./dir flags=4"],
  },
  {
    does: "mount by the newer calls",
    by: "root",
    calls: [
      ...apart,
      call("fsopen", "tmpfs", 0),
      call("fsconfig", result(2), 6, 0, 0, 0),
      call("fsmount", result(2), 0, 0),
      call("move_mount", result(4), "", AT_FDCWD, "dir", 4),
      call("open_tree", AT_FDCWD, "dir", 1),
      call("mount_setattr", AT_FDCWD, "dir", 0, struct([8, 2], [8, 0], [8, 0], [8, 0]), 32),
      call("fspick", AT_FDCWD, "dir", 0),
    ],
    events: [
      ...apartSeen,
      "mount call=fsopen type=tmpfs",
      "mount call=fsconfig",
      "mount call=fsmount",
      "mount call=move_mount path=./dir",
      "mount call=open_tree path=$IN:tmpfs/probe/./dir",
      "mount call=mount_setattr path=$IN:tmpfs/probe/./dir",
      "mount call=fspick path=$IN:tmpfs/probe/./dir",
    ],
  },
  {
    does: "mount without the right",
    by: "user",
    calls: [call("mount", "tmpfs", "dir", "tmpfs", 0, 0), call("umount2", "none", 0)],
    events: ["mount path=./dir type=tmpfs", "umount path=?unresolved:none"],
  },
  {
    does: "pivot root",
    by: "root",
    calls: [
      ...apart,
      must(call("mount", "dir", "dir", 0, MS_BIND, 0)),
      must(call("mkdir", "dir/old", 0o700)),
      must(call("pivot_root", "dir", "dir/old")),
      call("open", "/inner", 0),
      call("open", "/old/etc/hostname", 0),
    ],
    events: [
      ...apartSeen,
      "mount path=./dir flags=0x1000",
      "mkdir path=./dir/old",
      "pivot path=./dir old=./dir/old",
      "open path=$IN:./dir//inner",
      "open path=$IN://etc/hostname",
    ],
  },
  {
    does: "chroot",
    by: "root",
    calls: [
      must(call("open", "file", O_PATH)),
      call("chroot", "dir"),
      call("open", "/inner", 0),
      call("open", "/../inner", 1),
      call("open", "/etc/hostname", 0),
      must(call("chdir", "/")),
      call("open", "inner", 2),
      call("mkdir", "new", 0o700),
    ],
    events: [
      "open path=./file",
      "chroot path=./dir",
      "open access=read path=$IN:./dir//inner",
      "open access=write path=$IN:./dir//inner",
      "open access=read,write path=$IN:./dir//inner",
      "mkdir path=$IN:./dir//new",
    ],
  },
  {
    does: "chroot to files that are another's elsewhere",
    by: "root",
    calls: [
      must(call("mkdir", "dir/etc", 0o755)),
      must(call("creat", "dir/etc/shadow", 0o644)),
      must(call("open", "file", 0)),
      must(call("rename", "file", "moved")),
      must(call("mknod", "file", 0o100600, 0)),
      must(call("setresuid", -1, NOBODY, 0)),
      call("open", "/proc/self/fd/4", 0),
      must(call("setresuid", -1, 0, -1)),
      must(call("chroot", "dir")),
      must(call("setresuid", -1, NOBODY, -1)),
      call("open", "/etc/shadow", 0),
    ],
    events: [
      "mkdir path=./dir/etc",
      "create path=./dir/etc/shadow",
      "open path=./file",
      "rename path=./file",
      "mknod path=./file",
      "setid call=setresuid",
      "as 65534: open path=./moved",
      "as 65534: setid call=setresuid",
      "chroot path=./dir",
      "setid call=setresuid ids=-1,65534,-1",
      "as 65534: open path=$IN:./dir//etc/shadow",
    ],
  },
  {
    does: "chroot and remain outside",
    by: "root",
    calls: [
      must(call("open", ".", O_DIRECTORY)),
      must(call("chroot", "dir")),
      call("open", "file", 0),
      call("openat", result(0), "other", 0),
      call("open", "new", 0o101, 0o600),
      call("open", "../none", 0),
      call("open", "dir/inner", 0),
      call("rename", "link", "moved"),
    ],
    events: [
      "open path=.",
      "chroot path=./dir",
      "open path=?outside:./file",
      "open path=?outside:./other",
      "create path=?outside:./new",
      "open path=$IN:./dir//inner",
      "rename path=?outside:./link to=?outside:./moved",
    ],
  },
  {
    does: "unshare",
    by: "root",
    calls: [call("unshare", CLONE_NEWUTS | CLONE_NEWIPC), call("unshare", CLONE_FS)],
    events: ["namespace call=unshare kinds=uts,ipc"],
  },
  {
    does: "unshare of users",
    by: "user",
    calls: [call("unshare", CLONE_NEWUSER), call("open", "file", 0)],
    events: ["namespace call=unshare kinds=user", "open path=./file"],
  },
  {
    does: "unshare of users and then mounts",
    by: "user",
    calls: [
      must(call("unshare", CLONE_NEWUSER | CLONE_NEWNS)),
      must(call("mount", 0, "/", 0, MS_PRIVATE_ALL, 0)),
      must(call("mount", "file", "other", 0, MS_BIND, 0)),
      call("open", "other", 0),
      must(call("chroot", "dir")),
      call("open", "/inner", 0),
    ],
    events: [
      "namespace call=unshare kinds=mount,user",
      "mount path=/ flags=0x44000",
      "mount source=./file path=./other",
      "open path=$IN:./file//",
      "chroot path=./dir",
      "open path=$IN:./dir//inner",
    ],
  },
  {
    does: "setns",
    by: "root",
    calls: [
      must(call("open", "/proc/self/ns/uts", 0)),
      call("setns", result(0), 0),
      call("setns", result(0), CLONE_NEWUTS),
    ],
    events: ["open path=ns:uts", "namespace call=setns kinds=any", "namespace call=setns kinds=uts"],
  },
  {
    does: "clone into namespaces",
    by: "root",
    calls: [inClone(CLONE_NEWUTS | CLONE_NEWNS, call("open", "file", 0))],
    events: ["namespace call=clone kinds=mount,uts", "open path=./file"],
  },
  {
    does: "clone3 into namespaces",
    by: "root",
    calls: [
      call(
        "clone3",
        struct([8, CLONE_NEWUTS | CLONE_VFORK], [8, 0], [8, 0], [8, 0], [8, 17], [8, 0], [8, 0], [8, 0]),
        64,
      ),
      call("open", "file", 0),
    ],
    events: ["namespace call=clone kinds=uts", "open path=./file"],
  },
  {
    does: "clone3 of nothing",
    calls: [call("clone3", UNMAPPED, 64), call("open", "file", 0)],
    events: ["open path=./file"],
  },
  {
    does: "calls that are no event",
    calls: [link(0, at(0)), call("chdir", "dir"), call("open", "inner", 0), call("unshare", 0)],
    events: ["open path=./dir/inner"],
  },
  {
    does: "open of an O_PATH descriptor",
    calls: [
      must(call("open", "dir", O_PATH)),
      call("fchdir", result(0)),
      call("open", "inner", 0),
      call("fchownat", result(0), "", -1, -1, AT_EMPTY_PATH),
    ],
    events: ["open access=path path=./dir", "open path=./dir/inner", "chown path=./dir"],
  },
];
