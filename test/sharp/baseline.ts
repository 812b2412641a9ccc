/**
 * A workload that does one act of each kind: the probe of the sensor's tests, with a script of system calls. A child does what
 * is learnt, so that a deviation begins in a parent without open files.
 */
import {
  at,
  call,
  type CallName,
  HOLD,
  inChild,
  link,
  must,
  numbers,
  poke,
  put,
  result,
  type Script,
  spawned,
  struct,
} from "../sensor/script.ts";
import type { Aftermath, Deviation, Work } from "./deviation.ts";
import type { Place } from "./place.ts";

export const O_WRONLY = 1;
export const O_CREAT = 0o100;
export const O_TRUNC = 0o1000;
export const O_APPEND = 0o2000;
export const O_PATH = 0o10000000;
export const AT_FDCWD = -100;
export const PROT_READ = 1;
export const PROT_EXEC = 4;
export const MAP_PRIVATE = 2;
export const SIGKILL = 9;
export const SIGTERM = 15;
const AF_UNIX = 1;
const AF_INET = 2;
export const STREAM = 1;
export const DATAGRAM = 2;
const NONBLOCK = 0o4000;
const S_IFIFO = 0o010000;

/** `struct sockaddr_in` for a port of 127.0.0.1 (network byte order). */
export function inet(port: string | undefined): Buffer {
  const address = Buffer.from([AF_INET, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  address.writeUInt16BE(Number(port), 2);
  return address;
}

/** `struct sockaddr_un`; an abstract name begins with a zero byte. */
export function unix(path: string | undefined): Buffer {
  return Buffer.concat([struct([2, AF_UNIX]), Buffer.from(path ?? ""), Buffer.alloc(path?.startsWith("\0") ? 0 : 1)]);
}

export const inetSocket = (type: number): Script => must(call("socket", AF_INET, type, 0));
export const unixSocket = (type: number): Script => must(call("socket", AF_UNIX, type, 0));

/** `argv` at the beginning of the scratch memory; the first word also names the program. */
export function argv(...words: readonly string[]): Script {
  const parts = words.flatMap((word, index) => [
    ...poke(512 + 64 * index, Buffer.from(`${word}\0`)),
    ...link(8 * index, at(512 + 64 * index)),
  ]);
  return [...parts, ...put(8 * words.length, 8, 0)];
}

/** Executes a program in a child, which appends a line to the log. */
export const runs = (program: string, says = "learnt\n"): Script =>
  inChild(
    argv(program, ...call("open", "log", O_WRONLY | O_APPEND), ...call("write", result(0), says, says.length)),
    call("execve", program, at(0), 0),
  );

/** Allows any process to trace this one, where the kernel permits it only to ancestors (Yama). */
export const TRACEABLE = call("prctl", 0x59616d61, -1);

const baseline = (place: Place): readonly Script[] => {
  const word = (name: string) => place.words.get(name);
  const bound = inet(word("known-free"));
  return [
    // Children continue the numbering of results of their parent, so those that need theirs come first.
    inChild(
      inetSocket(STREAM),
      call("connect", result(0), inet(word("known-port")), 16),
      unixSocket(STREAM),
      call("connect", result(2), unix(word("known-socket")), unix(word("known-socket")).length),
      inetSocket(DATAGRAM),
      call("sendto", result(4), "x", 1, 0, inet(word("known-udp")), 16),
      call("sendto", result(4), "x", 1, 0, inet(word("known-udp-any")), 16),
      inetSocket(STREAM | NONBLOCK),
      call("bind", result(7), bound, 16),
      call("listen", result(7), 1),
    ),

    inChild(spawned(HOLD), call("kill", result(0), SIGTERM)),
    call("open", "library", 0),
    call("mmap", 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, result(0), 0),
    call("open", "data", 0),
    call("open", "log", O_WRONLY | O_APPEND),
    call("open", "dir/inner", 0),
    call("open", "made-file", O_CREAT | O_WRONLY, 0o644),
    call("rename", "made-file", "renamed"),
    call("link", "renamed", "linked"),
    call("truncate", "renamed", 0),
    call("chmod", "renamed", 0o600),
    call("utimensat", AT_FDCWD, "renamed", 0, 0),
    call("setxattr", "renamed", "user.note", Buffer.from("v"), 1, 0),
    call("removexattr", "renamed", "user.note"),
    call("unlink", "linked"),
    call("symlink", "data", "other-alias"),
    call("unlink", "other-alias"),
    call("mknod", "pipe", S_IFIFO | 0o600, 0),
    call("unlink", "pipe"),
    call("mkdir", "made", 0o755),
    call("rmdir", "made"),
    runs("./tool"),
    call("setresuid", -1, -1, -1),
    call("prctl", 4, 1),
    TRACEABLE,
  ];
};

const MARKER = "-- now it deviates\n";

/** The learnt workload. */
const everything = (place: Place): Work => ({ command: ["./probe", ...inChild(...baseline(place)), ...mark] });
const mark = call("write", 1, MARKER, MARKER.length);

/** A deviation from it: additional calls. Results are numbered from 1, because the marker has 0. */
export function departure(
  words: Pick<Deviation, "learnt" | "departs" | "acts"> & Partial<Deviation>,
  ...calls: readonly (Script | ((place: Place) => Script))[]
): Deviation {
  return {
    work: everything,
    instead: (place) => ({
      command: [
        ...everything(place).command,
        ...calls.flatMap((script) => (typeof script === "function" ? script(place) : script)),
      ],
    }),
    ...words,
  };
}

/** The probe printed this after the marker. */
export const saidThen =
  (line: string) =>
  ({ stdout }: Aftermath): boolean =>
    (stdout.split(MARKER)[1] ?? "").split("\n").includes(line);

/** The call succeeded, after the marker. */
export const succeeded = (name: CallName): ((after: Aftermath) => boolean) => saidThen(`${numbers[name]}: ok`);
