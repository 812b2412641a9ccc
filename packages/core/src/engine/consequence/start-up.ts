/**
 * What the start of almost every program loads: the loader's cache, shared libraries, the C library's locale and character sets,
 * the library of an interpreter, and what the kernel says of the machine. The C library also makes a Unix socket to ask for names; to
 * connect one is another act.
 *
 * Only such files count that root owns, that no other user may write to, and that lie in the directories which the loader
 * searches by itself. A library in any other place is execution (see `rules.ts`), and so is a file of another owner. Only reads count:
 * a write is never told as part of a start.
 */
import type { Event } from "../../event/event.ts";
import { isRootsOwn } from "./installed.ts";

/** A shared library directly in a directory of the loader: not in `security/` (PAM), where a library is loaded by configuration. */
const LIBRARY =
  /^\/(?:usr\/)?lib(?:32|64|x32)?\/(?:[a-z0-9_]+-linux-[a-z0-9]+\/)?(?:glibc-hwcaps\/[^/]+\/|gconv\/)?[^/]+\.so(?:\.[0-9][^/]*)?$/;
const DATA = [
  /^\/etc\/(?:ld\.so\.cache|locale\.alias|localtime|ssl\/openssl\.cnf|inputrc|gai\.conf|host\.conf|nsswitch\.conf)$/,
  /^\/usr\/(?:lib|share)\/(?:locale|locale-langpack|zoneinfo|terminfo|gconv|i18n)(?:\/|$)/,
  /^\/usr\/lib\/[a-z0-9_]+-linux-[a-z0-9]+\/(?:gconv|perl|perl-base|perl5|ossl-modules)(?:\/|$)/,
  /^\/usr\/lib\/(?:ssl\/openssl\.cnf$|python3(?:\.[0-9]+)?(?:\/|$)|locale(?:\/|$))/,
  /^\/usr\/share\/(?:perl|perl5)(?:\/|$)/,
  /^\/lib\/terminfo(?:\/|$)/,
];
/** Information that the kernel makes when it is read. What tells of other processes is not among it. */
const OF_THE_KERNEL = [
  /^\/proc\/(?:filesystems|meminfo|stat|sys\/vm\/overcommit_memory|sys\/kernel\/(?:ngroups_max|cap_last_cap))$/,
  /^\/proc\/\$self\/(?:maps|status|stat|statm|cgroup|mountinfo|auxv|fd|task|oom_score_adj)(?:\/|$)/,
  /^\/sys\/(?:devices\/system\/(?:cpu|node)|kernel\/mm\/transparent_hugepage)(?:\/|$)/,
  /^(?:\$CGROUP|\/sys\/fs\/cgroup)(?:\/[^/]+)*\/(?:memory|cpu|pids)\.[a-z_.]+$/,
];
const NULL_DEVICES = /^\/dev\/(?:null|zero|full|urandom|random)$/;
const REGULAR = 0o100000;
const DIRECTORY = 0o040000;
const CHARACTER_DEVICE = 0o020000;

/** Whether an act is part of an ordinary start, by itself. A caller that knows a contour asks more (see `consequence.ts`). */
export function isStartUp(event: Event): boolean {
  if (event.op === "map") return !event.subject.access.includes("write") && isOrdinaryFile(event.subject);
  if (event.op === "socket") return event.subject.family === "unix";
  if (event.op !== "open") return false;
  const { path, access, mode, fs } = event.subject;
  if (access !== "read" && access !== "path") return false;
  if (isNullDevice(event)) return true;
  const kind = mode & 0o170000;
  if (fs !== "disk") return OF_THE_KERNEL.some((place) => place.test(path));
  return (kind === REGULAR || kind === DIRECTORY) && isOrdinaryFile(event.subject);
}

/** An open of a device that keeps nothing of what is written to it. */
export function isNullDevice(event: Event): boolean {
  if (event.op !== "open") return false;
  const { path, mode } = event.subject;
  return NULL_DEVICES.test(path) && (mode & 0o170000) === CHARACTER_DEVICE;
}

function isOrdinaryFile(file: { path: string; uid: number; mode: number; fs: string }): boolean {
  return isRootsOwn(file) && (LIBRARY.test(file.path) || DATA.some((place) => place.test(file.path)));
}
