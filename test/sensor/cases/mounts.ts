/** Mounts: sources, options, and what the newer calls set up behind descriptors. */
import type { Case } from "../case.ts";
import { call, must, result, type Script, struct, UNMAPPED } from "../script.ts";

const AT_FDCWD = -100;
const CLONE_NEWNS = 0x2_0000;
const MS_BIND = 0x1000;
const MS_PRIVATE_ALL = 0x4_4000;
const EINVAL = 22;
const EFAULT = 14;
const SET_FLAG = 0;
const SET_STRING = 1;
const SET_PATH = 3;
const SET_FD = 5;
const CREATE = 6;
const OPEN_TREE_CLONE = 1;
const F_EMPTY_PATH = 4;
const O_PATH = 0o10000000;

const apart: readonly Script[] = [
  must(call("unshare", CLONE_NEWNS)),
  must(call("mount", "none", "/", 0, MS_PRIVATE_ALL, 0)),
];
const apartSeen = ["namespace call=unshare kinds=mount", "mount call=mount path=/"];

export const mounts: readonly Case[] = [
  {
    does: "mount with options",
    by: "root",
    calls: [
      ...apart,
      must(call("mount", "tmpfs", "dir", "tmpfs", 0, "size=64k,mode=0700,nr_inodes=16")),
      call("mount", "tmpfs", "empty", "tmpfs", 0, "?new=/etc,$x,no such"),
    ],
    events: [
      ...apartSeen,
      "mount source=tmpfs path=./dir type=tmpfs options=mode=0700,nr_inodes=16,size=64k",
      "mount source=tmpfs path=./empty type=tmpfs options=$literal:$x,?new=/etc,no\\x20such",
    ],
  },
  {
    does: "mount of an overlay",
    by: "root",
    calls: [
      ...apart,
      must(call("mkdir", "up", 0o755)),
      must(call("mkdir", "work", 0o755)),
      must(call("mount", "overlay", "empty", "overlay", 0, "workdir=work,lowerdir=dir:/etc/../etc/opt,upperdir=./up")),
      call("open", "empty/inner", 0),
      call("mount", "overlay", "dir", "overlay", 0, "lowerdir=no\\:where::dir"),
    ],
    events: [
      ...apartSeen,
      "mkdir path=./up",
      "mkdir path=./work",
      "mount source=overlay path=./empty type=overlay options=lowerdir=./dir,lowerdir=/etc/opt,upperdir=./up,workdir=./work",
      "open path=$IN:overlay/probe/./empty/inner",
      "mount source=overlay path=./dir type=overlay options=datadir=./dir,lowerdir=?unresolved:no:where",
    ],
  },
  {
    does: "mount of an overlay with quotes and line feeds",
    by: "root",
    calls: [
      ...apart,
      must(call("mkdir", 'a"b', 0o755)),
      must(call("mkdir", "up", 0o755)),
      must(call("mkdir", "work", 0o755)),
      call("mount", "overlay", "empty", "overlay", 0, 'lowerdir=a"b,upperdir=up,workdir=work'),
      must(call("mkdir", "d\nx", 0o755)),
      call("mount", "overlay", "dir", "overlay", 0, 'lowerdir=dir,upperdir=d\\\nx,workdir=work,made-up="'),
    ],
    events: [
      ...apartSeen,
      'mkdir path=./a"b',
      "mkdir path=./up",
      "mkdir path=./work",
      'mount source=overlay path=./empty type=overlay options=lowerdir=./a"b,upperdir=./up,workdir=./work',
      "mkdir path=./d\\x0ax",
      'mount source=overlay path=./dir type=overlay options=lowerdir=./dir,made-up=",upperdir=./d\\x0ax,workdir=./work',
    ],
  },
  {
    does: "mount over a directory that the source names",
    by: "root",
    calls: [...apart, call("mount", "dirlink", "empty", "ecryptfs", 0, 0)],
    events: [...apartSeen, "mount source=./dir path=./empty type=ecryptfs"],
  },
  {
    does: "mount of a file system that is set up behind a descriptor",
    by: "root",
    calls: [
      ...apart,
      must(call("fsopen", "overlay", 0)),
      call("fsconfig", result(2), SET_STRING, "lowerdir", "dir:empty", 0),
      call("fsconfig", result(2), SET_STRING, "made-up", "value", 0),
      call("fsconfig", result(2), SET_FLAG, "made-up", 0, 0),
      call("fsconfig", result(2), SET_PATH, "upperdir", "dirlink", AT_FDCWD),
      call("open", "file", O_PATH),
      call("fsconfig", result(2), SET_FD, "workdir", 0, result(7)),
      call("fsconfig", result(2), 99, "key", 0, 0),
      call("fsconfig", result(2), CREATE, 0, 0, 0),
      call("fsmount", result(2), 0, 1),
    ],
    events: [
      ...apartSeen,
      "mount call=fsopen type=overlay",
      "mount call=fsconfig type=overlay options=set-string,lowerdir=./dir,lowerdir=./empty",
      "mount call=fsconfig type=overlay options=set-string,made-up=value",
      "mount call=fsconfig type=overlay options=set-flag,made-up",
      "mount call=fsconfig type=overlay options=set-path,upperdir=./dir",
      "open path=./file",
      "mount call=fsconfig type=overlay options=set-fd,workdir=./file",
      "mount call=fsconfig type=overlay options=command-99,key",
      "mount call=fsconfig type=overlay options=create",
      "mount call=fsmount type=overlay flags=0x1",
    ],
  },
  {
    does: "mount with paths in the keys of its options",
    by: "root",
    calls: [
      ...apart,
      must(call("mkdir", "d\nx=y", 0o755)),
      must(call("fsopen", "overlay", 0)),
      call("fsconfig", result(3), SET_FLAG, "upperdir=dirlink", 0, 0),
      call("fsconfig", result(3), SET_FLAG, "lowerdir=dirlink:empty", 0, 0),
      call("fsconfig", result(3), SET_STRING, "upperdir=d\nx", "y", 0),
      call("fsconfig", result(3), SET_FLAG, "ro", 0, 0),
      call("fsconfig", result(3), SET_FLAG, "?a b", 0, 0),
      call("fsconfig", result(3), SET_STRING, "?a b", "c", 0),
    ],
    events: [
      ...apartSeen,
      "mkdir path=./d\\x0ax=y",
      "mount call=fsopen type=overlay",
      "mount call=fsconfig type=overlay options=set-flag,upperdir=./dir",
      "mount call=fsconfig type=overlay options=set-flag,lowerdir=./dir,lowerdir=./empty",
      "mount call=fsconfig type=overlay options=set-string,upperdir=./d\\x0ax=y",
      "mount call=fsconfig type=overlay options=set-flag,ro",
      "mount call=fsconfig type=overlay options=set-flag,given:?a\\x20b",
      "mount call=fsconfig type=overlay options=set-string,given:?a\\x20b=c",
    ],
  },
  {
    does: "mount with a directory that may go on with the next option",
    by: "root",
    calls: [
      ...apart,
      must(call("fsopen", "overlay", 0)),
      call("fsconfig", result(2), SET_FLAG, "upperdir=dir\\", 0, 0),
      call("fsconfig", result(2), SET_STRING, "upperdir", "dir\\", 0),
      call("fsconfig", result(2), SET_FLAG, "made-up\\", 0, 0),
    ],
    events: [
      ...apartSeen,
      "mount call=fsopen type=overlay",
      "mount call=fsconfig type=overlay options=set-flag,?unreadable",
      "mount call=fsconfig type=overlay options=set-string,?unreadable",
      "mount call=fsconfig type=overlay options=set-flag,made-up\\x5c",
    ],
    told: [
      ...["165: ok", "272: ok", "430: ok"],
      ...[`431: errno ${EFAULT}`, `431: errno ${EFAULT}`, `431: errno ${EINVAL}`],
      "exit 0\n",
    ].join("\n"),
  },
  {
    does: "mount of a tree that was copied",
    by: "root",
    calls: [
      ...apart,
      must(call("open_tree", AT_FDCWD, "dir", OPEN_TREE_CLONE)),
      must(call("move_mount", result(2), "", AT_FDCWD, "empty", F_EMPTY_PATH)),
      call("open", "empty/inner", 0),
      must(call("fsopen", "tmpfs", 0)),
      must(call("fsconfig", result(5), CREATE, 0, 0, 0)),
      must(call("fsmount", result(5), 0, 0)),
      must(call("move_mount", result(7), "", AT_FDCWD, "empty", F_EMPTY_PATH)),
      call("mount_setattr", AT_FDCWD, "empty", 0, struct([8, 3], [8, 4], [8, 1 << 18], [8, 0]), 32),
    ],
    events: [
      ...apartSeen,
      "mount call=open_tree path=./dir flags=0x1",
      "mount call=move_mount source=./dir path=./empty",
      "open path=$IN:./dir//inner",
      "mount call=fsopen type=tmpfs",
      "mount call=fsconfig type=tmpfs options=create",
      "mount call=fsmount type=tmpfs",
      "mount call=move_mount source=?new:tmpfs path=$IN:./dir//",
      "mount call=mount_setattr path=$IN:tmpfs/probe/./empty options=set=0x3,clear=0x4,propagation=0x40000",
    ],
  },
  {
    does: "mount behind one of two descriptors that came at once",
    by: "root",
    calls: [
      ...apart,
      must(call("fsopen", "tmpfs", 0)),
      must(call("dup", result(2))),
      call("fsconfig", result(3), SET_STRING, "size", "64k", 0),
      must(call("fsopen", "overlay", 0)),
      must(call("dup2", result(5), result(2))),
      call("fsconfig", result(2), SET_STRING, "lowerdir", "dir", 0),
      call("fsconfig", 99, SET_STRING, "lowerdir", "dir", 0),
    ],
    events: [
      ...apartSeen,
      "mount call=fsopen type=tmpfs",
      "mount call=fsconfig type=tmpfs options=set-string,size=64k",
      "mount call=fsopen type=overlay",
      "mount call=fsconfig type=overlay options=set-string,lowerdir=./dir",
      "mount call=fsconfig type=? options=set-string,lowerdir=./dir",
    ],
  },
  {
    does: "mount with unreadable arguments",
    by: "root",
    calls: [
      ...apart,
      call("mount", "tmpfs", "dir", "tmpfs", 0, UNMAPPED),
      call("mount", UNMAPPED, "dir", "tmpfs", 0, 0),
      call("mount", "tmpfs", "dir", UNMAPPED, 0, 0),
      call("mount", "dir", UNMAPPED, 0, MS_BIND, 0),
    ],
    events: [
      ...apartSeen,
      "mount source=tmpfs path=./dir type=tmpfs options=?unreadable",
      "mount source=?unreadable path=./dir type=tmpfs",
      "mount source=tmpfs path=./dir type=?unreadable",
      "mount source=./dir path=?unreadable flags=0x1000",
    ],
  },
];
