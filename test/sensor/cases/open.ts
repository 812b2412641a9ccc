/** open in all its forms. */
import type { Case } from "../case.ts";
import { at, atPageEnd, call, kept, must, poke, result, struct, UNMAPPED } from "../script.ts";

const AT_FDCWD = -100;
const O_WRONLY = 1;
const O_RDWR = 2;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const O_TRUNC = 0o1000;
const O_APPEND = 0o2000;
const O_DIRECTORY = 0o200000;
const O_NOFOLLOW = 0o400000;
const O_PATH = 0o10000000;
const O_TMPFILE = 0o20200000;

const RESOLVE_NO_SYMLINKS = 4;
const RESOLVE_BENEATH = 8;
const RESOLVE_IN_ROOT = 0x10;
const how = (flags: number, mode = 0, resolve = 0) => struct([8, flags], [8, mode], [8, resolve]);

const read = (path: string) => `open access=read path=${path} mode=0100644 fs=disk`;

export const opening: readonly Case[] = [
  { does: "open reads", calls: [call("open", "file", 0)], events: [read("./file")] },
  { does: "openat reads", calls: [call("openat", AT_FDCWD, "file", 0)], events: [read("./file")] },
  { does: "openat2 reads", calls: [call("openat2", AT_FDCWD, "file", how(0), 24)], events: [read("./file")] },
  { does: "open writes", calls: [call("open", "file", O_WRONLY)], events: ["open access=write path=./file"] },
  {
    does: "open reads and writes",
    calls: [call("open", "file", O_RDWR)],
    events: ["open access=read,write path=./file"],
  },
  {
    does: "open appends",
    calls: [call("open", "file", O_WRONLY | O_APPEND)],
    events: ["open access=write,append path=./file"],
  },
  {
    does: "open truncates",
    calls: [call("open", "file", O_WRONLY | O_TRUNC)],
    events: ["open access=write,truncate path=./file"],
  },
  {
    does: "creat of an existing file",
    calls: [call("creat", "file", 0o644)],
    events: ["open access=write,truncate path=./file"],
  },
  {
    does: "creat of a new file",
    calls: [call("creat", "new", 0o640)],
    events: ["create access=write path=./new mode=0600"],
  },
  {
    does: "open creates and then finds",
    calls: [call("open", "new", O_RDWR | O_CREAT | O_APPEND, 0o755), call("open", "new", O_RDWR | O_CREAT, 0o755)],
    events: ["create access=read,write,append path=./new mode=0700", "open access=read,write path=./new mode=0100755"],
  },
  {
    does: "open creates exclusively once",
    calls: [
      call("open", "new", O_WRONLY | O_CREAT | O_EXCL, 0o600),
      call("open", "new", O_WRONLY | O_CREAT | O_EXCL, 0o600),
    ],
    events: ["create access=write path=./new mode=0600"],
  },
  {
    does: "openat2 creates",
    calls: [call("openat2", AT_FDCWD, "new", how(O_WRONLY | O_CREAT, 0o4700), 24)],
    events: ["create access=write path=./new mode=04700"],
  },
  {
    does: "open creates through a dangling link",
    calls: [call("open", "dangling", O_WRONLY | O_CREAT, 0o600)],
    events: ["create access=write path=./nowhere mode=0600"],
  },
  { does: "open for a path only", calls: [call("open", "file", O_PATH)], events: ["open access=path path=./file"] },
  {
    does: "open of a link itself",
    calls: [call("open", "link", O_PATH | O_NOFOLLOW)],
    events: ["open access=path path=./link mode=0120777"],
  },
  {
    does: "open for a path only ignores creation",
    calls: [
      call("open", "link", O_PATH | O_CREAT | O_EXCL, 0o600),
      call("open", "new", O_PATH | O_CREAT, 0o600),
      call("open", "dir", O_PATH | O_TMPFILE),
    ],
    events: ["open access=path path=./file", "open access=path path=./dir"],
  },
  {
    does: "open of a directory and from it",
    calls: [
      must(call("open", "dir", O_DIRECTORY)),
      call("openat", result(0), "inner", 0),
      call("openat", result(0), "../file", 0),
    ],
    events: ["open access=read path=./dir mode=040755", read("./dir/inner"), read("./file")],
  },
  {
    does: "open of an unnamed file",
    calls: [call("open", "dir", O_TMPFILE | O_RDWR, 0o600)],
    events: ["create access=read,write path=./dir/#unnamed mode=0600"],
  },
  {
    does: "open by handle",
    by: "root",
    calls: [
      must(call("open", ".", 0)),
      poke(0, struct([4, 128], [4, 0])),
      must(call("name_to_handle_at", AT_FDCWD, "file", at(0), at(512), 0)),
      call("open_by_handle_at", result(0), at(0), O_RDWR),
      must(call("open_by_handle_at", AT_FDCWD, at(0), 0)),
    ],
    events: ["open access=read path=. mode=040755", "open access=read,write path=./file", read("./file")],
  },
  {
    does: "openat2 takes a directory for the root",
    calls: [
      must(call("open", "dir", O_PATH | O_DIRECTORY)),
      call("openat2", result(0), "/inner", how(0, 0, RESOLVE_IN_ROOT), 24),
      call("openat2", result(0), "../../../inner", how(O_WRONLY, 0, RESOLVE_IN_ROOT), 24),
      call("openat2", result(0), "/etc/hostname", how(0, 0, RESOLVE_IN_ROOT), 24),
      call("openat2", result(0), "/new", how(O_WRONLY | O_CREAT, 0o600, RESOLVE_IN_ROOT), 24),
    ],
    events: [
      "open access=path path=./dir",
      read("./dir/inner"),
      "open access=write path=./dir/inner",
      "create access=write path=./dir/new mode=0600",
    ],
  },
  {
    does: "openat2 that refuses",
    calls: [
      call("openat2", AT_FDCWD, "link", how(0, 0, RESOLVE_NO_SYMLINKS), 24),
      call("openat2", AT_FDCWD, "../no", how(0, 0, RESOLVE_BENEATH), 24),
    ],
    events: [],
  },
  {
    does: "open of a pipe",
    calls: [must(call("mknod", "pipe", 0o010600, 0)), call("open", "pipe", O_RDWR)],
    events: ["mknod path=./pipe", "open access=read,write path=./pipe mode=010600"],
  },
  {
    does: "open of a device",
    calls: [call("open", "/dev/null", O_WRONLY)],
    events: ["open access=write path=/dev/null mode=020666"],
  },
  {
    does: "open of one file twice",
    calls: [call("open", "file", 0), call("open", "link", 0)],
    events: [read("./file")],
  },
  { does: "open at the end of a page", calls: [call("open", atPageEnd("file"), 0)], events: [read("./file")] },
  {
    does: "open of a path in a page that may only be written",
    calls: [
      call("open", kept("write-only", Buffer.from("file\0")), 0),
      call("open", kept("readable, then write-only", Buffer.from("dir/inner\0")), 0),
    ],
    events: [read("./file"), read("./dir/inner")],
  },

  {
    does: "open of a missing file",
    calls: [call("open", "none", 0), call("open", "none/none", O_CREAT, 0o600)],
    events: [],
  },
  {
    does: "open below a file",
    calls: [call("open", "file/x", 0), call("open", "file", O_DIRECTORY), call("open", "file/", 0)],
    events: [],
  },
  {
    does: "open of a directory for writing",
    calls: [call("open", "dir", O_WRONLY), call("open", "dir", O_CREAT, 0o600), call("open", "new/", O_CREAT, 0o600)],
    events: [],
  },
  {
    does: "open of a loop",
    calls: [call("open", "loop", 0), call("open", "link", O_NOFOLLOW), call("open", "loop", O_CREAT, 0o600)],
    events: [],
  },
  {
    does: "open of an invalid path",
    calls: [call("open", "", 0), call("open", UNMAPPED, 0), call("open", 0, 0), call("openat", 99, "file", 0)],
    events: [],
  },
  {
    does: "open of too long a name",
    calls: [call("open", "x".repeat(256), 0), call("open", "./".repeat(2048), 0)],
    events: [],
  },
  { does: "open of the longest path", calls: [call("open", `${"./".repeat(2045)}file`, 0)], events: [read("./file")] },
  {
    does: "open of a socket",
    calls: [must(call("mknod", "socket", 0o140600, 0)), call("open", "socket", 0)],
    events: ["mknod path=./socket"],
  },
  {
    does: "open without the right",
    by: "user",
    calls: [
      call("open", "foreign/closed", 0),
      call("open", "foreign/open", O_WRONLY),
      call("open", "foreign/open", O_RDWR),
      call("open", "foreign/open", O_TRUNC),
      call("open", "foreign/open", 3),
      call("open", "foreign/new", O_CREAT, 0o600),
      call("open", "foreign", O_TMPFILE | O_RDWR, 0o600),
      call("open", "/root/.profile", 0),
    ],
    events: [],
  },
  {
    does: "open with the right",
    by: "user",
    calls: [call("open", "foreign/open", 0), call("open", "foreign/closed", O_PATH)],
    events: [read("./foreign/open"), "open access=path path=./foreign/closed"],
  },
];
