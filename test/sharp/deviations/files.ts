/** Files: other files, or opened in another way. */
import { existsSync, lstatSync, readFileSync } from "node:fs";
import { at, call, must, put, result } from "../../sensor/script.ts";
import { AT_FDCWD, departure, O_APPEND, O_CREAT, O_PATH, O_TRUNC, O_WRONLY, succeeded } from "../baseline.ts";
import type { Aftermath, Deviation } from "../deviation.ts";

const said =
  (text: string) =>
  ({ stdout: output }: Aftermath) =>
    output.includes(text);
const there =
  (path: string) =>
  ({ place }: Aftermath) =>
    existsSync(place.at(path));
const gone =
  (path: string) =>
  ({ place }: Aftermath) =>
    !existsSync(place.at(path));
const holds =
  (path: string, text: string) =>
  ({ place }: Aftermath) =>
    existsSync(place.at(path)) && readFileSync(place.at(path), "utf8") === text;
const mode =
  (path: string, bits: number) =>
  ({ place }: Aftermath) =>
    (lstatSync(place.at(path)).mode & 0o7777) === bits;

/** linux/fs.h */
const FS_IOC_SETFLAGS = 0x4008_6602;
const FS_NODUMP_FL = 0x40;
/** linux/fcntl.h */
const F_SETFL = 4;

/** Writes the content of an opened file to standard output. */
const shown = [call("read", result(1), at(0), 7), call("write", 1, at(0), 7)];

export const openings: readonly Deviation[] = [
  departure(
    {
      learnt: "a file is read",
      departs: "another file in the same directory is read, with the same owner and mode",
      acts: ["open access=read path=$CWD/secret"],
      happened: said("secret\n"),
    },
    must(call("open", "secret", 0)),
    ...shown,
  ),
  departure(
    {
      learnt: "files in the working directory are read",
      departs: "a private key in the home directory is read",
      acts: ["open access=read path=$HOME/.ssh/id_ed25519"],
      happened: said("key\n"),
    },
    must(call("open", "home/.ssh/id_ed25519", 0)),
    ...shown,
  ),
  departure(
    {
      learnt: "a file is read",
      departs: "it is written",
      acts: ["open access=write path=$CWD/data"],
      happened: holds("data", "xata\n"),
    },
    must(call("open", "data", O_WRONLY)),
    call("write", result(1), "x", 1),
  ),
  departure(
    {
      learnt: "a file is appended to",
      departs: "it is written from its beginning",
      acts: ["open access=write path=$CWD/log"],
      happened: ({ place }) => readFileSync(place.at("log"), "utf8").startsWith("x"),
    },
    must(call("open", "log", O_WRONLY)),
    call("write", result(1), "x", 1),
  ),
  departure(
    {
      learnt: "a file is appended to",
      departs: "it is emptied first",
      acts: ["open access=write,append,truncate path=$CWD/log"],
      happened: holds("log", ""),
    },
    call("open", "log", O_WRONLY | O_APPEND | O_TRUNC),
  ),
  departure(
    {
      learnt: "a file is appended to",
      departs: "appending is switched off (`F_SETFL`), and it is written from its beginning",
      acts: ["open access=write path=$CWD/log"],
      happened: ({ place }) => readFileSync(place.at("log"), "utf8").startsWith("x"),
    },
    must(call("open", "log", O_WRONLY | O_APPEND)),
    call("fcntl", result(1), F_SETFL, 0),
    call("write", result(1), "x", 1),
  ),
  departure(
    {
      learnt: "a file is appended to",
      departs: "it is emptied by its descriptor (`ftruncate`)",
      acts: ["truncate path=$CWD/log"],
      happened: holds("log", ""),
    },
    must(call("open", "log", O_WRONLY | O_APPEND)),
    call("ftruncate", result(1), 0),
  ),
  departure(
    {
      learnt: "a file is read",
      departs: "a descriptor of its directory is opened, without a right to read it (`O_PATH`)",
      acts: ["open access=path path=$CWD/dir"],
      happened: succeeded("open"),
    },
    call("open", "dir", O_PATH),
  ),
  departure(
    {
      learnt: "files are created in the working directory",
      departs: "a file is created in the home directory",
      acts: ["create access=write path=$HOME/.profile"],
      happened: there("home/.profile"),
    },
    call("open", "home/.profile", O_CREAT | O_WRONLY, 0o644),
  ),
  departure(
    {
      learnt: "a file is read by its path",
      departs: "it is read by other spellings of its path, through a link, a descriptor and `/proc`",
      acts: [],
      because: "it is the same event: a path is recorded as the kernel resolves it",
      happened: said("data\n"),
    },
    must(call("openat", AT_FDCWD, "./dir/../alias", 0)),
    ...shown,
    call("open", "/proc/self/cwd/data", 0),
  ),
];

export const names: readonly Deviation[] = [
  departure(
    {
      learnt: "a file of its own is deleted",
      departs: "a file that is only read is deleted",
      acts: ["unlink path=$CWD/data"],
      happened: gone("data"),
    },
    call("unlink", "data"),
  ),
  departure(
    {
      learnt: "a file is renamed",
      departs: "it takes the place of another",
      acts: ["rename path=$CWD/renamed", "open access=read path=$CWD/secret"],
      happened: holds("secret", ""),
    },
    call("rename", "renamed", "secret"),
    call("open", "secret", 0),
  ),
  departure(
    {
      learnt: "a directory is used",
      departs: "its parent is renamed, and files in it are read by the old descriptor",
      acts: ["open access=read path=$CWD/dir ", "rename path=$CWD/dir ", "open access=read path=$CWD/moved/inner"],
      happened: there("moved"),
    },
    must(call("open", "dir", 0)),
    must(call("rename", "dir", "moved")),
    call("openat", result(1), "inner", 0),
  ),
  departure(
    {
      learnt: "a hard link to a file of its own is made",
      departs: "a hard link to a secret is made",
      acts: ["link path=$CWD/secret"],
      happened: there("pwned"),
    },
    call("link", "secret", "pwned"),
  ),
  departure(
    {
      learnt: "a symbolic link is made",
      departs: "its target is another path",
      acts: ["symlink path=$CWD/other-alias content=secret"],
      happened: holds("other-alias", "secret\n"),
    },
    call("symlink", "secret", "other-alias"),
  ),
  departure(
    {
      learnt: "a directory is made in the working directory",
      departs: "a directory is made in the home directory",
      acts: ["mkdir path=$HOME/.config"],
      happened: there("home/.config"),
    },
    call("mkdir", "home/.config", 0o755),
  ),
  departure(
    {
      learnt: "a directory of its own is removed",
      departs: "another directory is removed",
      acts: ["rmdir path=$CWD/empty"],
      happened: gone("empty"),
    },
    call("rmdir", "empty"),
  ),
  departure(
    {
      learnt: "a pipe is made",
      departs: "a socket is made in its place",
      acts: ["mknod path=$CWD/pipe mode=0140600"],
      happened: there("pipe"),
    },
    call("mknod", "pipe", 0o140600, 0),
  ),
];

export const attributes: readonly Deviation[] = [
  departure(
    {
      learnt: "a file of its own is cut to nothing",
      departs: "a file that is only read is cut to nothing",
      acts: ["truncate path=$CWD/data"],
      happened: holds("data", ""),
    },
    call("truncate", "data", 0),
  ),
  departure(
    {
      learnt: "a file is made private",
      departs: "it is made set-user-id",
      acts: ["chmod path=$CWD/renamed"],
      happened: mode("renamed", 0o4711),
    },
    call("chmod", "renamed", 0o4711),
  ),
  departure(
    {
      learnt: "no owner is changed",
      departs: "a file is given to another user",
      by: "root",
      acts: ["chown path=$CWD/data"],
      happened: ({ place }) => lstatSync(place.at("data")).uid === 1,
    },
    call("chown", "data", 1, 1),
  ),
  departure(
    {
      learnt: "an attribute is set",
      departs: "another attribute is set",
      acts: ["setxattr path=$CWD/renamed"],
      happened: succeeded("setxattr"),
    },
    call("setxattr", "renamed", "user.other", Buffer.from("v"), 1, 0),
  ),
  departure(
    {
      learnt: "no flags are changed",
      departs: "a file gets the flag that keeps it out of backups",
      acts: ["setflags path=$CWD/data"],
      happened: succeeded("ioctl"),
    },
    must(call("open", "data", 0)),
    put(0, 8, FS_NODUMP_FL),
    call("ioctl", result(1), FS_IOC_SETFLAGS, at(0)),
  ),
  departure(
    {
      learnt: "an attribute of one file is removed",
      departs: "an attribute of another file is removed",
      acts: ["removexattr path=$CWD/data"],
    },
    call("removexattr", "data", "user.note"),
  ),
  departure(
    {
      learnt: "the times of a file are set",
      departs: "the times of another file are set",
      acts: ["utimens path=$CWD/data"],
      happened: succeeded("utimensat"),
    },
    call("utimensat", AT_FDCWD, "data", 0, 0),
  ),
];
