/** Names created, removed and moved; and the attributes of files. */
import type { Case } from "../case.ts";
import { call, must, result, struct, UNMAPPED } from "../script.ts";

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_REMOVEDIR = 0x200;
const AT_SYMLINK_FOLLOW = 0x400;
const AT_EMPTY_PATH = 0x1000;
const O_DIRECTORY = 0o200000;
const NOREPLACE = 1;
const EXCHANGE = 2;
const S_IFIFO = 0o010000;
const S_IFCHR = 0o020000;
const S_IFSOCK = 0o140000;
/** On another file system than a temporary directory, and writable for everyone. */
const ELSEWHERE = "/dev/shm/isoline-sensor-test";

const inDir = must(call("open", "dir", O_DIRECTORY));
const openedDir = "open access=read path=./dir";

export const naming: readonly Case[] = [
  { does: "unlink", calls: [call("unlink", "file")], events: ["unlink path=./file mode=0100644"] },
  { does: "unlink of a link", calls: [call("unlink", "link")], events: ["unlink path=./link mode=0120777"] },
  {
    does: "unlinkat",
    calls: [inDir, call("unlinkat", result(0), "inner", 0)],
    events: [openedDir, "unlink path=./dir/inner"],
  },
  {
    does: "unlinkat of a directory",
    calls: [call("unlinkat", AT_FDCWD, "empty", AT_REMOVEDIR)],
    events: ["rmdir path=./empty"],
  },
  { does: "rmdir", calls: [call("rmdir", "empty")], events: ["rmdir path=./empty mode=040755"] },
  {
    does: "rmdir of a directory that holds something",
    calls: [call("rmdir", "dir"), must(call("unlink", "dir/inner")), must(call("rmdir", "dir"))],
    events: ["unlink path=./dir/inner", "rmdir path=./dir mode=040755"],
  },
  {
    does: "removal of the wrong kind",
    calls: [
      call("unlink", "dir"),
      call("rmdir", "file"),
      call("rmdir", "dirlink"),
      call("unlink", "file/"),
      call("unlinkat", AT_FDCWD, "dir", 0),
    ],
    events: [],
  },
  {
    does: "removal of an invalid path",
    calls: [call("unlink", "none"), call("rmdir", "none"), call("unlink", ""), call("unlink", UNMAPPED)],
    events: [],
  },
  {
    does: "removal without the right",
    by: "user",
    calls: [
      call("unlink", "foreign/open"),
      call("unlink", "sticky/theirs"),
      call("rmdir", "foreign/empty"),
      call("unlink", "/etc/hostname"),
    ],
    events: [],
  },
  {
    does: "removal with the right",
    by: "user",
    calls: [call("unlink", "sticky/mine")],
    events: ["unlink path=./sticky/mine"],
  },

  {
    does: "rename",
    calls: [call("rename", "file", "new")],
    events: ["rename path=./file mode=0100644 to=./new replaces=no"],
  },
  {
    does: "rename over another",
    calls: [call("rename", "file", "other")],
    events: ["rename path=./file to=./other replaces=yes"],
  },
  {
    does: "renameat",
    calls: [inDir, call("renameat", result(0), "inner", result(0), "../new")],
    events: [openedDir, "rename path=./dir/inner to=./new replaces=no"],
  },
  {
    does: "renameat2 without replacing",
    calls: [
      call("renameat2", AT_FDCWD, "file", AT_FDCWD, "other", NOREPLACE),
      call("renameat2", AT_FDCWD, "file", AT_FDCWD, "new", NOREPLACE),
    ],
    events: ["rename path=./file to=./new replaces=no"],
  },
  {
    does: "renameat2 exchanges",
    calls: [
      call("renameat2", AT_FDCWD, "file", AT_FDCWD, "none", EXCHANGE),
      call("renameat2", AT_FDCWD, "file", AT_FDCWD, "dir", EXCHANGE),
    ],
    events: ["rename path=./file to=./dir replaces=exchange"],
  },
  {
    does: "rename of a link moves the link",
    calls: [call("rename", "link", "moved")],
    events: ["rename path=./link mode=0120777 to=./moved replaces=no"],
  },
  {
    does: "rename of a directory",
    calls: [call("rename", "dir", "empty"), call("rename", "empty", "new/")],
    events: ["rename path=./dir mode=040755 to=./empty replaces=yes", "rename path=./empty to=./new replaces=no"],
  },
  {
    does: "rename and removal of a name that ends in a dot",
    calls: [must(call("mkdir", "a.", 0o700)), call("rename", "a./", "b../"), call("rmdir", "b..//")],
    events: ["mkdir path=./a.", "rename path=./a. to=./b.. replaces=no", "rmdir path=./b.."],
  },
  {
    does: "removal of dot, dot-dot and root",
    calls: [
      call("rmdir", "empty/."),
      call("rmdir", "empty/../"),
      call("unlink", "."),
      call("rmdir", "/"),
      call("rename", "dir/..", "new"),
    ],
    events: [],
  },
  {
    does: "rename that fails",
    calls: [
      call("rename", "none", "new"),
      call("rename", "file", "none/new"),
      call("rename", "file", "dir"),
      call("rename", "dir", "file"),
      call("rename", "file", "new/"),
      call("rename", "file", ELSEWHERE),
      call("rename", "file", "file/x"),
      call("rename", ".", "new"),
    ],
    events: [],
  },
  {
    does: "rename without the right",
    by: "user",
    calls: [
      call("rename", "foreign/open", "new"),
      call("rename", "file", "foreign/new"),
      call("rename", "sticky/theirs", "sticky/x"),
      call("rename", "file", "sticky/theirs"),
    ],
    events: [],
  },

  { does: "link", calls: [call("link", "file", "new")], events: ["link path=./file to=./new"] },
  { does: "link to a link", calls: [call("link", "link", "new")], events: ["link path=./link mode=0120777 to=./new"] },
  {
    does: "linkat follows",
    calls: [call("linkat", AT_FDCWD, "link", AT_FDCWD, "dir/new", AT_SYMLINK_FOLLOW)],
    events: ["link path=./file mode=0100644 to=./dir/new"],
  },
  {
    does: "linkat of a descriptor",
    by: "root",
    calls: [must(call("open", "file", 0)), call("linkat", result(0), "", AT_FDCWD, "new", AT_EMPTY_PATH)],
    events: ["open access=read path=./file", "link path=./file to=./new"],
  },
  {
    does: "linkat that fails",
    calls: [
      call("link", "file", "other"),
      call("link", "dir", "new"),
      call("link", "none", "new"),
      call("link", "file", "none/new"),
      call("link", "file", ELSEWHERE),
      call("link", "file", "new/"),
    ],
    events: [],
  },
  {
    does: "symlink",
    calls: [call("symlink", "anything/at all", "new")],
    events: ["symlink path=./new content=anything/at\\x20all"],
  },
  {
    does: "symlinkat",
    calls: [inDir, call("symlinkat", "../file", result(0), "new")],
    events: [openedDir, "symlink path=./dir/new content=../file"],
  },
  {
    does: "symlink that fails",
    calls: [
      call("symlink", "x", "file"),
      call("symlink", "x", "dangling"),
      call("symlink", "x", "none/new"),
      call("symlink", "", "new"),
      call("symlink", "x", "new/"),
    ],
    events: [],
  },
  {
    does: "mkdir",
    calls: [call("mkdir", "new", 0o755), call("mkdir", "new/er/", 0o1700)],
    events: ["mkdir path=./new mode=0700", "mkdir path=./new/er mode=01700"],
  },
  {
    does: "mkdirat",
    calls: [inDir, call("mkdirat", result(0), "new", 0o700)],
    events: [openedDir, "mkdir path=./dir/new mode=0700"],
  },
  {
    does: "mkdir that fails",
    calls: [
      call("mkdir", "dir", 0o700),
      call("mkdir", "dangling", 0o700),
      call("mkdir", "none/new", 0o700),
      call("mkdir", "file/new", 0o700),
      call("mkdir", ".", 0o700),
      call("mkdir", "/", 0o700),
    ],
    events: [],
  },
  {
    does: "mkdir without the right",
    by: "user",
    calls: [
      call("mkdir", "foreign/new", 0o700),
      call("symlink", "x", "foreign/new"),
      call("link", "file", "foreign/new"),
      call("mknod", "foreign/new", S_IFIFO, 0),
    ],
    events: [],
  },
  {
    does: "mknod of a pipe",
    calls: [call("mknod", "new", S_IFIFO | 0o644, 0)],
    events: ["mknod path=./new mode=010600"],
  },
  {
    does: "mknodat of a socket",
    calls: [inDir, call("mknodat", result(0), "new", S_IFSOCK | 0o600, 7)],
    events: [openedDir, "mknod path=./dir/new mode=0140600 device=-"],
  },
  { does: "mknod of a plain file", calls: [call("mknod", "new", 0o640, 0)], events: ["mknod path=./new mode=0100600"] },
  {
    does: "mknod of a device",
    by: "root",
    calls: [call("mknod", "new", S_IFCHR | 0o600, 0x103)],
    events: ["mknod path=./new mode=020600 device=1:3"],
  },
  {
    does: "mknod of a device without the right",
    by: "user",
    calls: [call("mknod", "new", S_IFCHR | 0o600, 0x103)],
    events: [],
  },
  {
    does: "mknod that fails",
    calls: [
      call("mknod", "file", S_IFIFO, 0),
      call("mknod", "none/new", S_IFIFO, 0),
      call("mknod", "new/", S_IFIFO, 0),
    ],
    events: [],
  },

  { does: "truncate", calls: [call("truncate", "link", 2)], events: ["truncate path=./file"] },
  {
    does: "truncate that fails",
    calls: [call("truncate", "dir", 0), call("truncate", "none", 0), call("truncate", "/dev/null", 0)],
    events: [],
  },
  { does: "truncate without the right", by: "user", calls: [call("truncate", "foreign/open", 0)], events: [] },
  { does: "chmod", calls: [call("chmod", "link", 0o4755)], events: ["chmod path=./file mode=0100644 to=04755"] },
  {
    does: "fchmod",
    calls: [must(call("open", "file", 0)), call("fchmod", result(0), 0o600)],
    events: ["open path=./file", "chmod path=./file to=0600"],
  },
  {
    does: "fchmodat",
    calls: [inDir, call("fchmodat", result(0), "inner", 0o600)],
    events: [openedDir, "chmod path=./dir/inner to=0600"],
  },
  {
    does: "fchmodat2",
    calls: [
      call("fchmodat2", AT_FDCWD, "link", 0o600, AT_SYMLINK_NOFOLLOW),
      must(call("open", "file", 0)),
      call("fchmodat2", result(1), "", 0o640, AT_EMPTY_PATH),
    ],
    events: ["chmod path=./link to=0600", "open path=./file", "chmod path=./file to=0640"],
  },
  {
    does: "chmod of an invalid path",
    calls: [call("chmod", "none", 0), call("fchmod", 99, 0), call("fchmodat", 99, "x", 0)],
    events: [],
  },
  {
    does: "chmod of another's file",
    by: "user",
    calls: [call("chmod", "foreign/open", 0o777)],
    events: ["chmod path=./foreign/open to=0777"],
  },
  {
    does: "chown",
    by: "root",
    calls: [call("chown", "link", 1, 2)],
    events: ["chown path=./file uid=0 owner=1 group=2"],
  },
  { does: "lchown", by: "root", calls: [call("lchown", "link", 1, 2)], events: ["chown path=./link owner=1 group=2"] },
  {
    does: "fchown",
    calls: [must(call("open", "file", 0)), call("fchown", result(0), -1, -1)],
    events: ["open path=./file", "chown path=./file owner=4294967295 group=4294967295"],
  },
  {
    does: "fchownat",
    calls: [call("fchownat", AT_FDCWD, "link", -1, -1, AT_SYMLINK_NOFOLLOW)],
    events: ["chown path=./link"],
  },
  { does: "chown of an invalid path", calls: [call("chown", "none", 1, 1), call("lchown", "none", 1, 1)], events: [] },
  {
    does: "setxattr in all its forms",
    calls: [
      call("setxattr", "link", "user.a", Buffer.from("v"), 1, 0),
      call("lsetxattr", "file", "user.b", Buffer.from("v"), 1, 0),
      must(call("open", "file", 0)),
      call("fsetxattr", result(2), "user.c", Buffer.from("v"), 1, 0),
      call("setxattrat", AT_FDCWD, "link", 0, "user.d", struct([8, 0], [4, 0], [4, 0]), 16),
      call("removexattr", "link", "user.a"),
      call("lremovexattr", "file", "user.b"),
      call("fremovexattr", result(2), "user.c"),
      call("removexattrat", result(2), "", AT_EMPTY_PATH, "user.d"),
    ],
    events: [
      "setxattr path=./file name=user.a",
      "setxattr path=./file name=user.b",
      "open path=./file",
      "setxattr path=./file name=user.c",
      "setxattr path=./file name=user.d",
      "removexattr path=./file name=user.a",
      "removexattr path=./file name=user.b",
      "removexattr path=./file name=user.c",
      "removexattr path=./file name=user.d",
    ],
  },
  {
    does: "setxattr of a link itself",
    calls: [call("lsetxattr", "link", "user.a", Buffer.from("v"), 1, 0), call("lremovexattr", "link", "user.a")],
    events: ["setxattr path=./link name=user.a", "removexattr path=./link name=user.a"],
  },
  {
    does: "setxattr of an invalid path",
    calls: [call("setxattr", "none", "user.a", Buffer.from("v"), 1, 0), call("removexattr", "none", "user.a")],
    events: [],
  },
  {
    does: "utimens in all its forms",
    calls: [
      call("utime", "link", 0),
      call("utimes", "other", 0),
      call("futimesat", AT_FDCWD, "dir", 0),
      call("utimensat", AT_FDCWD, "link", 0, AT_SYMLINK_NOFOLLOW),
      must(call("open", "script", 0)),
      call("utimensat", result(4), 0, 0, 0),
      call("futimesat", result(4), 0, 0),
    ],
    events: [
      "utimens path=./file",
      "utimens path=./other",
      "utimens path=./dir",
      "utimens path=./link",
      "open path=./script",
      "utimens path=./script",
    ],
  },
  {
    does: "utimens of an invalid path",
    calls: [call("utimes", "none", 0), call("utimensat", AT_FDCWD, 0, 0, 0), call("utimensat", 99, 0, 0, 0)],
    events: [],
  },
];
