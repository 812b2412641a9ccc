/**
 * Describes an event as a sentence. `why`, `show` and `explain` share this wording.
 *
 *   opened $HOME/.npmrc for reading
 *   connected to tcp 127.0.0.1:5432
 *
 * A phrase is for reading and leaves fields out; the one-line form of `text.ts` is for comparing. Values are already escaped
 * text, so a phrase is safe on a terminal.
 */
import { capabilityPhrase } from "./capabilities.ts";
import type { Event, Subject } from "./event.ts";
import type { Operation } from "./operations.ts";
import { formatId } from "./text.ts";

/** Says in the past tense what an event did, without the actor. */
export function phrase(event: Event): string {
  const say = phrases[event.op] as (subject: Event["subject"]) => string;
  return say(event.subject);
}

/** How a file was opened, as words: `for reading and writing`. */
export function accessPhrase(access: string): string {
  if (access.startsWith("?")) return "in an unknown way";
  if (access === "cache") return "as a cache of its own";
  if (access === "state") return "as a record of its own";
  if (access === "output") return "as something that it writes anew";
  const words = access.split(",").map((word) => accessWords.get(word) ?? word);
  return `for ${words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words.at(-1)}` : words[0]}`;
}

/** The address of a socket operation in the usual notation: `tcp 127.0.0.1:5432`, `unix /run/x.sock`. */
export function endpointPhrase(subject: { family: string; type: string; address: string }): string {
  return `${transport(subject.family, subject.type)} ${subject.address}`;
}

/** The value that sensors write if a call has no such argument. */
const NONE = "none";

/** One phrase for each operation; a missing one does not compile. */
const phrases: { readonly [O in Operation]: (subject: Subject<O>) => string } = {
  exec: (s) =>
    `executed ${place(s.path)}${s.as === undefined ? "" : ` as ${s.as}`}${s.runs ? ` to run ${s.runs.join(" and ")}` : ""}`,
  open: (s) => `opened ${file(s)} ${accessPhrase(s.access)}`,
  create: (s) => `created ${place(s.path)} ${accessPhrase(s.access)}${rightsPhrase(s.mode)}`,
  map: (s) => `mapped ${file(s)} as ${s.access.includes("write") ? "writable " : ""}executable memory`,
  "map-anonymous": () => "made executable memory with no file behind it",
  protect: () => "made memory executable after the fact",
  unlink: (s) => `deleted ${file(s)}`,
  rmdir: (s) => `removed ${file(s)}`,
  rename: (s) =>
    s.replaces === "exchange" ? `exchanged ${file(s)} with ${place(s.to)}` : `renamed ${file(s)} to ${place(s.to)}`,
  link: (s) => `linked ${file(s)} as ${place(s.to)}`,
  symlink: (s) => `made ${place(s.path)} a symbolic link to ${s.content}`,
  mkdir: (s) => `made the directory ${place(s.path)}${rightsPhrase(s.mode)}`,
  mknod: (s) => `made ${nodePhrase(s)}${rightsPhrase(s.mode)}`,
  truncate: (s) => `truncated ${file(s)}`,
  chmod: (s) => `changed the mode of ${file(s)} to ${modePhrase(s.to)}`,
  chown: (s) => `changed the ${ownerPhrase(s.owner, s.group, file(s))}`,
  setxattr: (s) => `set the attribute ${s.name} of ${file(s)}`,
  removexattr: (s) => `removed the attribute ${s.name} of ${file(s)}`,
  utimens: (s) => `changed the times of ${file(s)}`,

  socket: (s) => `made a socket (${s.family} ${s.type}${s.protocol === 0 ? "" : `, protocol ${s.protocol}`})`,
  bind: (s) => `bound to ${endpointPhrase(s)}`,
  listen: (s) => `listened on ${endpointPhrase(s)}`,
  connect: (s) => `connected to ${endpointPhrase(s)}`,
  accept: (s) => `accepted a connection at ${endpointPhrase(s)}`,
  send: (s) => `sent to ${endpointPhrase(s)}`,

  kill: (s) => `sent signal ${signalPhrase(s.signal)} to ${other(s.relation)}`,
  ptrace: (s) => `traced ${other(s.relation)} (${s.request})`,
  vm: (s) => `${s.access === "read" ? "read the memory of" : "wrote into the memory of"} ${other(s.relation)}`,
  getfd: (s) => `took a descriptor of ${other(s.relation)}`,

  setid: (s) => `changed its ids (${[s.call, ...s.ids].join(" ")})`,
  capset: (s) => `set its capabilities to ${capabilityPhrase(s.effective)}${reservePhrase(s)}`,
  prctl: (s) => `asked for ${[s.option, s.value].join(" ").trimEnd()} (prctl)`,

  mount: (s) =>
    s.call === "mount"
      ? mountPhrase(s)
      : `changed what is mounted (${said([s.call, s.source, s.path, s.type, ...s.options, hexPhrase(s.flags)].filter((word) => word !== NONE))})`,
  umount: (s) => `unmounted ${place(s.path)}`,
  pivot: (s) => `made ${place(s.path)} the root of its namespace, with the old one at ${place(s.old)}`,
  chroot: (s) => `made ${place(s.path)} its root`,
  namespace: (s) => `${s.call === "setns" ? "joined other" : "made new"} namespaces: ${s.kinds} (${s.call})`,

  bpf: (s) => `used bpf (${s.command})`,
  module: (s) =>
    `${s.call.startsWith("delete") ? "removed" : "loaded"} ${s.path === NONE ? "a kernel module" : `the kernel module ${place(s.path)}`}`,
  kexec: (s) => `loaded another kernel (${s.call})`,
  keyctl: (s) => `used the kernel's key store (${[s.call, s.operation].join(" ").trimEnd()})`,
  perf: (s) => `opened a performance event (${s.type})${s.relation === undefined ? "" : ` of ${other(s.relation)}`}`,
  userfaultfd: () => "took over page faults (userfaultfd)",
  swap: (s) => `changed swapping on ${place(s.path)} (${s.call})`,
  reboot: (s) => `asked for a reboot (${s.command})`,
  hostname: (s) => `changed the host name (${s.call})`,
  settime: (s) => `set the clock (${s.call})`,
  ioport: (s) => `asked for I/O ports (${s.call})`,
  iouring: () => "set up io_uring",
  abi: (s) =>
    s.arch === "x86-64"
      ? `made system call ${s.number}, which is not known`
      : `made system call ${s.number} of another ABI (${s.arch})`,

  adjust: (s) => `changed ${adjusted.get(s.call) ?? "something"} of ${other(s.relation)} (${s.call})`,
  sigio: (s) => `had the signals of a descriptor sent to ${other(s.relation)}`,
  setflags: (s) => `changed the flags of ${file(s)}`,
  ioctl: (s) => `${requests.get(s.request) ?? `asked for ${s.request} at`} ${file(s)}`,
  admin: (s) =>
    `asked for what only administrators may (${[s.call, s.path].filter((word) => word !== NONE).join(" ")})`,
  fanotify: (s) => `made a fanotify group (${s.group}) ${handedOut(s.access)}`,
  "fanotify-mark": (s) => `watched ${scopes.get(s.scope) ?? ""}${file(s)} by fanotify (${s.events})`,
  resolve: (s) => `looked up ${s.records === "address" ? s.name : `${s.name} (${s.records})`}`,
};

/** MS_SHARED and its like (linux/mount.h): only how mounts there pass on to other namespaces is changed. */
const propagations: readonly (readonly [flag: bigint, word: string])[] = [
  [1n << 17n, "unbindable"],
  [1n << 18n, "private"],
  [1n << 19n, "slave"],
  [1n << 20n, "shared"],
];
const MS_REMOUNT = 0x20n;
const MS_BIND = 0x1000n;
/** What the sentence says anyway, and that the kernel is to say nothing (MS_SILENT). */
const SAID = MS_REMOUNT | MS_BIND | 0x8000n | propagations.reduce((all, [flag]) => all | flag, 0n);

/** The flags that give or take rights, by the names that mount(8) has for them. */
const restrictions: readonly (readonly [flag: bigint, word: string])[] = [
  [1n, "ro"],
  [2n, "nosuid"],
  [4n, "nodev"],
  [8n, "noexec"],
  [0x100n, "nosymfollow"],
  [0x2000n, "move"],
  [0x4000n, "recursive"],
];

function flagWords(flags: bigint): string[] {
  const words = restrictions.filter(([flag]) => (flags & flag) !== 0n).map(([, word]) => word);
  return [...words, hexPhrase(restrictions.reduce((left, [flag]) => left & ~flag, flags & ~SAID))];
}

/** Flags without names here; nothing for none. */
function hexPhrase(flags: bigint): string {
  return flags === 0n ? "" : `flags=0x${flags.toString(16)}`;
}

/** In the order in which the kernel looks at the flags (fs/namespace.c). Source and type may be empty where it does not ask for them. */
function mountPhrase({ source, path, type, flags, options }: Subject<"mount">): string {
  const how = said([type, ...options, ...flagWords(flags)]);
  const inBrackets = how === "" ? "" : ` (${how})`;
  if ((flags & MS_REMOUNT) !== 0n) return `changed how ${place(path)} is mounted${inBrackets}`;
  const made = propagations.find(([flag]) => (flags & (flag | MS_BIND)) === flag)?.[1];
  if (made !== undefined) return `made what is mounted on ${place(path)} ${made}`;
  return `mounted ${source === "" ? "something without a source" : source} on ${place(path)}${inBrackets}`;
}

/** What it may take up later, where that is not what it has, and what a program that it executes may get from it. */
function reservePhrase({ effective, permitted, inheritable }: Subject<"capset">): string {
  const may = permitted === effective ? "" : `, out of ${capabilityPhrase(permitted)}`;
  return inheritable === 0n ? may : `${may}, and passes on ${capabilityPhrase(inheritable)}`;
}

/** Words without those that are empty. */
function said(words: readonly string[]): string {
  return words.filter((word) => word !== "").join(" ");
}

function handedOut(access: string): string {
  return access === NONE ? "that hands out no files" : `that hands out files opened ${accessPhrase(access)}`;
}

/** The scope of a fanotify mark; an ignore mark removes events. */
const scopes: ReadonlyMap<string, string> = new Map([
  ["mount", "all on the mount of "],
  ["filesystem", "all on the file system of "],
  ["mount-namespace", "the mounts of "],
]);

/** What each call of `adjust` changes. */
const adjusted: ReadonlyMap<string, string> = new Map([
  ["prlimit64", "the limits"],
  ["setpriority", "the priority"],
  ["ioprio_set", "the I/O priority"],
  ["setpgid", "the members"],
  ["sched_setaffinity", "the processors"],
  ["sched_setscheduler", "the scheduling"],
  ["sched_setparam", "the scheduling"],
  ["sched_setattr", "the scheduling"],
  ["migrate_pages", "the place of the memory"],
  ["move_pages", "the place of the memory"],
  ["process_madvise", "the use of the memory"],
  ["process_mrelease", "the memory"],
]);

const requests: ReadonlyMap<string, string> = new Map([
  ["type", "typed into"],
  ["signals", "asked for the signals of"],
  ["selection", "selected or pasted on"],
  ["keyboard", "changed the keys of"],
  ["discipline", "changed the line discipline of"],
  ["console", "took over what the console shows, at"],
]);

const accessWords: ReadonlyMap<string, string> = new Map([
  ["read", "reading"],
  ["write", "writing"],
  ["append", "appending"],
  ["truncate", "truncating"],
  ["path", "its path only"],
]);

function file(subject: { path: string; mode: number }): string {
  return kindOf(subject.mode) + place(subject.path);
}

/** `?reason` stands in place of a path that could not be found (see `operations.ts`). */
function place(path: string): string {
  return path.startsWith("?") ? `something without a path (${path.slice(1) || "unknown"})` : path;
}

const DEVICE = "the device ";

/** The type of a file that is not a regular one, from the type bits of its mode (inode(7)). */
function kindOf(mode: number): string {
  switch (mode & 0o170000) {
    case 0o040000:
      return "the directory ";
    case 0o020000:
    case 0o060000:
      return DEVICE;
    case 0o010000:
      return "the pipe ";
    case 0o140000:
      return "the socket ";
    default:
      return "";
  }
}

/** The set-id and sticky bits, by which a file gives the rights of its owner to those who execute it, or to what is made in it. */
const SPECIAL = 0o7000;

function rightsPhrase(mode: number): string {
  return (mode & SPECIAL) === 0 ? "" : `, with the mode ${modePhrase(mode)}`;
}

/** A device is which one it is, and not its name. */
function nodePhrase({ path, mode, device }: Subject<"mknod">): string {
  const kind = kindOf(mode);
  return `${kind || "the file "}${place(path)}${kind === DEVICE && device !== "" && device !== NONE ? ` (${device})` : ""}`;
}

/** Type and permissions of a file: `0644`, `the directory 0755`. */
export function filePhrase(mode: number): string {
  return `${kindOf(mode)}${modePhrase(mode)}`;
}

/** Permission bits the way `chmod` takes them: `0755`. */
export function modePhrase(mode: number): string {
  return `0${(mode & 0o7777).toString(8).padStart(3, "0")}`;
}

const UNCHANGED = 0xffff_ffff;

function ownerPhrase(owner: number, group: number, of: string): string {
  if (owner === UNCHANGED) return `group of ${of} to ${formatId(group)}`;
  if (group === UNCHANGED) return `owner of ${of} to ${formatId(owner)}`;
  return `owner of ${of} to ${formatId(owner)}:${formatId(group)}`;
}

function transport(family: string, type: string): string {
  if (family === "unix") return "unix";
  if (family === "inet" || family === "inet6") {
    if (type === "stream") return "tcp";
    if (type === "dgram") return "udp";
  }
  return `${family} ${type}`;
}

/** The process that is acted on. Relations are words of the sensor; one that is not listed here is shown unchanged. */
function other(relation: string): string {
  return relations.get(relation) ?? `a process (${relation})`;
}

const relations: ReadonlyMap<string, string> = new Map([
  ["self", "itself"],
  ["child", "a child of its own"],
  ["parent", "its parent"],
  ["namespace", "a process of its namespace"],
  ["outside", "a process outside"],
  ["supervisor", "its own supervisor"],
  ["own-group", "its own process group"],
  ["namespace-group", "a process group of its namespace"],
  ["outside-group", "a process group outside"],
  ["everyone", "every process there is"],
  ["control-group", "the processes of a control group"],
  ["user", "every process of a user"],
]);

/** Names of signal(7) for x86-64 and arm64. */
const signals =
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS".split(
    " ",
  );

function signalPhrase(signal: number): string {
  const name = signals[signal - 1];
  return name === undefined ? String(signal) : `${signal} (${name})`;
}
