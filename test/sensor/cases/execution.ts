/** Code that is executed: programs, scripts, executable memory. */
import { existsSync, readFileSync } from "node:fs";
import type { Case } from "../case.ts";
import {
  at,
  call,
  callNumber,
  execution as becoming,
  inChild,
  inClone,
  inThread,
  link,
  must,
  poke,
  put,
  result,
  type Script,
  struct,
  UNMAPPED,
} from "../script.ts";

const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EXECVE_CHECK = 0x1_0000;
const O_PATH = 0o10000000;
const O_WRONLY = 1;
const O_RDWR = 2;
/** Whether an ordinary user can see that there are no handlers. */
const handlersAreSeen =
  existsSync("/proc/sys/fs/binfmt_misc/status") || !readFileSync("/proc/filesystems", "latin1").includes("binfmt_misc");
/** A handler: files that begin with a word are run by a program (Documentation/admin-guide/binfmt-misc.rst). */
const HANDLER = ":isoline:M::neither::./true:";
const CLONE_NEWNS = 0x2_0000;
const CLONE_NEWUSER = 0x1000_0000;
const PROT_READ = 1;
const PROT_WRITE = 2;
const PROT_EXEC = 4;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_ANONYMOUS = 0x20;
const CLONE_VM_VFORK = 0x4100;
const SHM_EXEC = 0o100000;
const SENDFILE = 40;

/** `argv` of one word, at the beginning of the scratch memory. */
const argv: Script = [...poke(64, Buffer.from("true\0")), ...link(0, at(64)), ...put(8, 8, 0)];
const exec = (path: string): Script => [...argv, ...call("execve", path, at(0), 0)];
/** Writes text into a file, which the call with this number opened. */
const written = (path: string, text: string, index: number): Script[] => [
  must(call("open", path, O_WRONLY)),
  must(call("write", result(index), text, text.length)),
];
const intoMemory = (...more: Script[]): Script[] => [
  must(call("memfd_create", "no name", 1)),
  must(call("open", "true", 0)),
  must(callNumber(SENDFILE, result(0), result(1), 0, 1 << 24)),
  argv,
  ...more,
];

export const execution: readonly Case[] = [
  { does: "execve", calls: [exec("./true")], events: ["exec path=./true mode=0100755 loader="] },
  {
    does: "execve through a link",
    calls: [must(call("symlink", "true", "alias")), exec("./alias")],
    events: ["symlink path=./alias", "exec path=./true"],
  },
  {
    does: "execve and continue as another",
    calls: [inChild(exec("./true")), call("open", "file", 0)],
    events: ["exec path=./true", "open path=./file"],
  },
  {
    does: "execveat",
    calls: [must(call("open", ".", O_PATH)), argv, call("execveat", result(0), "true", at(0), 0, 0)],
    events: ["open access=path path=.", "exec path=./true"],
  },
  {
    does: "execveat of a descriptor",
    calls: [must(call("open", "true", O_PATH)), argv, call("execveat", result(0), "", at(0), 0, AT_EMPTY_PATH)],
    events: ["open access=path path=./true", "exec path=./true"],
  },
  {
    does: "execveat that only asks",
    calls: [
      argv,
      call("execveat", AT_FDCWD, "./true", at(0), 0, AT_EXECVE_CHECK),
      call("execveat", AT_FDCWD, "file", at(0), 0, AT_EXECVE_CHECK),
      must(call("open", "true", O_PATH)),
      call("execveat", result(3), "", at(0), 0, AT_EMPTY_PATH | AT_EXECVE_CHECK),
      call("open", "other", 0),
    ],
    events: ["open access=path path=./true", "open path=./other"],
  },
  {
    does: "execveat that does not follow",
    calls: [
      must(call("symlink", "true", "alias")),
      argv,
      call("execveat", AT_FDCWD, "./alias", at(0), 0, AT_SYMLINK_NOFOLLOW),
    ],
    events: ["symlink path=./alias"],
  },
  {
    does: "execveat of memory",
    calls: intoMemory(call("execveat", result(0), "", at(0), 0, AT_EMPTY_PATH)),
    events: ["open path=./true", "exec path=memfd:no\\x20name digest=*"],
  },
  {
    does: "execve of memory by its descriptor",
    calls: intoMemory(call("execve", "/proc/self/fd/3", at(0), 0)),
    events: ["open path=./true", "exec path=memfd:no\\x20name digest=*"],
  },
  {
    does: "exec of a file without a name",
    calls: [
      must(call("open", "copy", 0o102, 0o700)),
      must(call("open", "true", 0)),
      must(callNumber(SENDFILE, result(0), result(1), 0, 1 << 24)),
      must(call("close", result(0))),
      must(call("open", "copy", O_PATH)),
      must(call("unlink", "copy")),
      argv,
      call("execveat", result(4), "", at(0), 0, AT_EMPTY_PATH),
    ],
    events: [
      "create path=./copy",
      "open path=./true",
      "open access=path path=./copy",
      "unlink path=./copy",
      "exec path=?deleted:./copy digest=*",
    ],
  },
  {
    does: "exec of a file with other names only",
    calls: [
      must(call("open", "true", O_PATH)),
      must(call("unlink", "true")),
      argv,
      call("execveat", result(0), "", at(0), 0, AT_EMPTY_PATH),
    ],
    events: ["open access=path path=./true", "unlink path=./true", "exec path=?deleted:./true digest=*"],
  },
  { does: "execve of itself", calls: [exec("/proc/self/exe")], events: ["exec path=./probe"] },
  { does: "execve of a script", calls: [exec("./script")], events: ["exec path=./script loader=./true@*"] },
  {
    does: "execve of a script with blanks",
    calls: [exec("./spaced-script")],
    events: ["exec path=./spaced-script loader=./true@*"],
  },
  {
    does: "execve of a script of a script",
    calls: [exec("./script-of-script")],
    events: ["exec path=./script-of-script loader=./script@*,./true@*"],
  },
  {
    does: "execve of scripts as deep as the kernel goes",
    calls: [exec("./level-5")],
    events: ["exec path=./level-5 loader=./level-4@*,./level-3@*,./level-2@*,./level-1@*,./true@*"],
  },
  { does: "execve of scripts deeper than that", calls: [exec("./level-6")], events: [] },
  { does: "execve in a thread", calls: [inThread(exec("./true"))], events: ["exec path=./true"] },
  {
    does: "execve in a child that shares its memory",
    calls: [argv, inClone(CLONE_VM_VFORK, call("execve", "./true", at(0), 0)), call("open", "file", 0)],
    events: ["exec path=./true", "open path=./file"],
  },
  {
    does: "execve that fails",
    calls: ["none", "file", "dir", "./orphan-script", "./empty-interpreter", "loop", "", "file/x"].map(exec),
    events: [],
  },
  { does: "execve of an unknown format", by: "root", calls: [exec("./no-program")], events: [] },
  {
    does: "execve of an unknown format, where an unseen handler might run it",
    by: "user",
    calls: [exec("./no-program")],
    events: handlersAreSeen ? [] : ["exec path=./no-program loader=?binfmt@?"],
  },
  {
    does: "execve without the right",
    by: "user",
    calls: [exec("foreign/closed"), exec("foreign/program")],
    events: [],
  },
  {
    does: "execve that fails for its arguments leaves everything as it was",
    calls: [call("execve", "./true", UNMAPPED, 0), call("open", "file", 0)],
    events: ["open path=./file"],
  },
  {
    does: "execve by a handler of the user's own",
    by: "user",
    calls: [
      must(call("unshare", CLONE_NEWUSER | CLONE_NEWNS)),
      ...written("/proc/self/setgroups", "deny", 1),
      ...written("/proc/self/gid_map", "0 65534 1", 3),
      ...written("/proc/self/uid_map", "0 65534 1", 5),
      must(call("mount", "handlers", "empty", "binfmt_misc", 0, 0)),
      ...written("empty/register", HANDLER, 8),
      ...becoming("./no-program", call("open", "other", 0)),
    ],
    events: [
      "namespace call=unshare kinds=mount,user",
      "open path=/proc/$self/setgroups",
      "open path=/proc/$self/gid_map",
      "open path=/proc/$self/uid_map",
      "mount path=./empty type=binfmt_misc",
      "open access=write path=$IN:binfmt_misc/probe/handlers/./empty/register",
      "exec path=./no-program loader=?binfmt@?",
      "no-program: open path=./other",
    ],
  },
  {
    does: "execve for another processor",
    calls: [inChild(exec("./tiny"))],
    events: ["exec path=./tiny loader=?foreign-elf@*", "tiny: abi arch=i386 number=1"],
    told: "signal 11\nexit 0\n",
  },

  {
    does: "mmap of a file",
    calls: [
      must(call("open", "file", 0)),
      call("mmap", 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, result(0), 0),
      call("mmap", 0, 4096, PROT_READ, MAP_PRIVATE, result(0), 0),
    ],
    events: ["open path=./file", "map access=execute path=./file digest=*"],
  },
  {
    does: "mmap of a file to write to",
    calls: [
      must(call("open", "other", O_RDWR)),
      call("mmap", 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, result(0), 0),
    ],
    events: ["open path=./other", "map access=write,execute path=./other digest=*"],
  },
  {
    does: "mmap of memory with a name",
    calls: intoMemory(call("mmap", 0, 4096, PROT_EXEC, MAP_PRIVATE, result(0), 0)),
    events: ["open path=./true", "map access=execute path=memfd:no\\x20name digest=*"],
  },
  {
    does: "mmap of a file once its content has changed",
    calls: [
      must(call("open", "other", 0)),
      call("mmap", 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, result(0), 0),
      must(call("open", "other", O_RDWR)),
      must(call("write", result(2), "changed", 7)),
      must(call("close", result(2))),
      call("mmap", 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, result(0), 0),
    ],
    events: [
      "open access=read path=./other",
      "map path=./other digest=2396099c6c084fa4b9beac9f0d52cf3be9cf8d47040ef127883d532b5790cd74",
      "open access=read,write path=./other",
      "map path=./other digest=*",
    ],
  },
  {
    does: "mmap without a file",
    calls: [call("mmap", 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)],
    events: ["map-anonymous access=write,execute"],
  },
  {
    does: "mprotect from writable to executable",
    calls: [
      must(call("mmap", 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
      call("mprotect", result(0), 4096, PROT_READ | PROT_EXEC),
      call("mprotect", result(0), 4096, PROT_READ),
    ],
    events: ["protect access=execute"],
  },
  {
    does: "pkey mprotect",
    calls: [
      must(call("mmap", 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
      call("pkey_mprotect", result(0), 4096, PROT_READ | PROT_WRITE | PROT_EXEC, -1),
    ],
    events: ["protect access=write,execute"],
  },
  {
    does: "shmat",
    calls: [
      must(call("shmget", 0, 4096, 0o1700)),
      call("shmat", result(0), 0, SHM_EXEC),
      call("shmat", result(0), 0, 0),
      call("shmctl", result(0), 0, 0),
    ],
    events: ["map-anonymous access=shared,execute"],
  },
  { does: "mmap with invalid arguments", calls: [call("mmap", 0, 4096, PROT_EXEC, MAP_PRIVATE, 99, 0)], events: [] },
  {
    does: "personality",
    calls: [call("personality", 0xffffffff), call("personality", 0x400000)],
    events: ["prctl option=personality value=0x400000"],
  },
  {
    does: "openat2 with unknown flags",
    calls: [
      call("openat2", AT_FDCWD, "file", UNMAPPED, 24),
      call("openat2", AT_FDCWD, "file", struct([8, 0], [8, 0], [8, 0]), 8),
    ],
    events: [],
  },
];
