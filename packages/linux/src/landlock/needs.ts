/**
 * The rights that Landlock requires for each operation, and the files they are required on.
 *
 * Derived from the hooks of security/landlock/fs.c and net.c. Operations without a hook there (mapping, chmod, chown,
 * attributes, times, sockets other than TCP, datagrams, …) need nothing and are not restricted.
 */
import type { Event, Subject } from "@isoline/core/event";
import { allocatorFiles, CACHE, isFile, OUTPUT, type Policy, STATE } from "@isoline/core/identity";
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK } from "../abi/stat.ts";
import { ALL_FS, ALL_MAKE, FILE_RIGHTS, fsRights } from "./rights.ts";
import type { Spot } from "./rules.ts";

/** Rights on the object that a levelled path names, or on its directory. */
export interface Need {
  readonly path: string;
  readonly of: "object" | "parent";
  readonly on: Spot["on"];
  readonly rights: number;
  readonly tried?: boolean;
}

/** An object that gets a name in another directory; `rights` are those that the destination must not have beyond the source. */
export interface Passage {
  readonly from: string;
  readonly to: string;
  readonly rights: number;
}

const READ = fsRights["read-file"];
const WRITE = fsRights["write-file"];
const REMOVE = fsRights["remove-file"] | fsRights["remove-dir"];
/** The kernel opens what it executes for reading as well (fs/exec.c, do_open_execat). */
const RUN = READ | fsRights.execute;
/** All that is done in a cache: its programs read, make, move and remove files, directories and links there. */
const KEEPS =
  READ |
  WRITE |
  REMOVE |
  fsRights.truncate |
  fsRights["read-dir"] |
  fsRights["make-reg"] |
  fsRights["make-dir"] |
  fsRights["make-sym"] |
  fsRights.refer;
/** A file that is written anew: created, replaced, shortened or removed, and read where a program looks at what is there. */
const RENEWS = fsRights["make-reg"] | fsRights["remove-file"];
const RENEWED = READ | WRITE | fsRights.truncate;
const ANY_EXECUTE = 0o111;
/** O_TMPFILE: the name that the sensor gives to a file without a name. */
const UNNAMED = "/#unnamed";
/** The lens's names of a directory of a store's fan-out: of one that the namespace makes, and by a class rule of any. */
const FANS = ["/$hash", "/{<hash>}"];
const WHITEOUT = "0:0";

const makes: Readonly<Record<number, number>> = {
  [S_IFLNK]: fsRights["make-sym"],
  [S_IFDIR]: fsRights["make-dir"],
  [S_IFCHR]: fsRights["make-char"],
  [S_IFBLK]: fsRights["make-block"],
  [S_IFIFO]: fsRights["make-fifo"],
  [S_IFSOCK]: fsRights["make-sock"],
  [S_IFREG]: fsRights["make-reg"],
};

/** The kernel treats a mode without a type as a regular file; an event without a mode leaves the type unknown. */
const makeOf = (mode: number): number => makes[mode & S_IFMT] ?? ALL_MAKE;
const removeOf = (mode: number): number =>
  (mode & S_IFMT) === S_IFDIR ? fsRights["remove-dir"] : fsRights["remove-file"];
const isDirectory = (mode: number): boolean => (mode & S_IFMT) === S_IFDIR;

const onFile = (path: string, rights: number): Need => ({ path, of: "object", on: "file", rights });
const inParent = (path: string, rights: number): Need => ({ path, of: "parent", on: "directory", rights });
const within = (path: string, rights: number): Need => ({ path, of: "object", on: "directory", rights });

/** The rights on files that an event needs. */
export function needsOf(event: Event): readonly Need[] {
  switch (event.op) {
    case "exec":
      return [event.subject.path, ...event.subject.loader.map(imagePath).filter(isFile)].map((path) =>
        onFile(path, RUN),
      );
    case "open":
      return opened(event.subject);
    case "create":
      return created(event.subject);
    case "unlink":
      return [inParent(event.subject.path, fsRights["remove-file"])];
    case "rmdir":
      // remove(3) tries unlink first and goes on only if that fails with EISDIR, which it does not without the right.
      return [inParent(event.subject.path, REMOVE)];
    case "rename":
      return renamed(event.subject);
    case "link":
      return [inParent(event.subject.to, makeOf(event.subject.mode))];
    case "symlink":
      return [inParent(event.subject.path, fsRights["make-sym"])];
    case "mkdir":
      // Listing a directory of a store's fan-out is not an event (rule content-address), and therefore on no contour.
      return [
        inParent(event.subject.path, fsRights["make-dir"]),
        ...(FANS.some((fan) => event.subject.path.endsWith(fan))
          ? [within(event.subject.path, fsRights["read-dir"])]
          : []),
      ];
    case "mknod":
      return [inParent(event.subject.path, makesNode(event.subject))];
    case "truncate":
      return [onFile(event.subject.path, fsRights.truncate)];
    case "bind":
      return isSocketFile(event.subject) ? [inParent(event.subject.address, fsRights["make-sock"])] : [];
    case "swap":
      // Recorded even if the kernel refuses the call; a file that was not found is not opened.
      return event.subject.path.startsWith("?") ? [] : [onFile(event.subject.path, READ | WRITE)];
    default:
      return [];
  }
}

/** Opens that the lens drops although Landlock would refuse them. Wherever a program is executed, its file is readable. */
export function unseenNeeds({ rules = {}, classes = [] }: Unseen): readonly Need[] {
  const stores = classes.filter(({ at }) => FANS.some((fan) => at.endsWith(fan)));
  return [
    ...(rules.allocator ? allocatorFiles.map((path) => onFile(path, READ)) : []),
    ...stores.map(({ at }) => within(at, fsRights["read-dir"])),
  ];
}

/** What of a policy makes something no event. */
interface Unseen {
  readonly rules?: Partial<Policy["rules"]>;
  readonly classes?: Policy["classes"];
}

/** The move of an object from one directory to another, if the event is one. */
export function passagesOf(event: Event): readonly Passage[] {
  if (event.op !== "rename" && event.op !== "link") return [];
  const { path, to, mode } = event.subject;
  if (event.op === "rename" && event.subject.replaces === "exchange") {
    return [
      { from: path, to, rights: ALL_FS },
      { from: to, to: path, rights: ALL_FS },
    ];
  }
  return [{ from: path, to, rights: isDirectory(mode) ? ALL_FS : FILE_RIGHTS }];
}

function opened({ path, access, mode }: Subject<"open">): readonly Need[] {
  if (access === CACHE) return [within(path, KEEPS)];
  if (access === OUTPUT || access === STATE) return [inParent(path, RENEWS), onFile(path, RENEWED)];
  const asked = new Set(access.split(","));
  if (asked.has("path")) return [];
  const needs: Need[] = [];
  const kind = mode & S_IFMT;
  const reads = asked.has("read") || asked.has("?");
  if (reads && (kind === S_IFDIR || kind === 0)) needs.push(within(path, fsRights["read-dir"]));
  if (kind !== S_IFDIR) {
    const writes = asked.has("write") || asked.has("?");
    const rights =
      (reads ? READ : 0) | (writes ? WRITE | truncating(kind) : 0) | (asked.has("truncate") ? truncating(kind) : 0);
    const tried = reads && kind === S_IFREG && (mode & ANY_EXECUTE) !== 0;
    if (rights !== 0) needs.push({ ...onFile(path, rights), tried });
  }
  // TIOCGPTPEER opens the other side of a new terminal, and ioctl is not mediated.
  if (path === "/dev/ptmx" || path === "/dev/pts/ptmx") needs.push(within("/dev/pts", READ | WRITE));
  return needs;
}

/** A process that may write may call ftruncate, which is not mediated: the kernel decides at the open whether it will be allowed. */
function truncating(kind: number): number {
  return kind === S_IFREG || kind === 0 ? fsRights.truncate : 0;
}

function created({ path, access }: Subject<"create">): readonly Need[] {
  const asked = access.split(",");
  const rights = (asked.includes("read") ? READ : 0) | (asked.includes("write") ? WRITE | fsRights.truncate : 0);
  if (path.endsWith(UNNAMED)) return [inParent(path, rights)];
  return [inParent(path, fsRights["make-reg"]), onFile(path, rights)];
}

function renamed({ path, to, mode, replaces }: Subject<"rename">): readonly Need[] {
  if (replaces === "exchange") return [path, to].map((each) => inParent(each, ALL_MAKE | REMOVE));
  const replacing = replaces === "no" ? 0 : removeOf(mode);
  return [inParent(path, removeOf(mode)), inParent(to, makeOf(mode) | replacing)];
}

/** A whiteout is a character device with number 0:0, which newer kernels treat as a regular file. */
function makesNode({ mode, device }: Subject<"mknod">): number {
  return makeOf(mode) | (device === WHITEOUT ? fsRights["make-reg"] : 0);
}

/** `path@digest`, where only the last @ separates. */
function imagePath(image: string): string {
  const at = image.lastIndexOf("@");
  return at < 0 ? image : image.slice(0, at);
}

/** Whether an endpoint is, or may be, a socket with a place in the file system. */
function isSocketFile({ family, address }: { readonly family: string; readonly address: string }): boolean {
  return family === "?" || (family === "unix" && !isAbstract(address) && withoutNetwork(address) !== "unnamed");
}

/** Abstract names begin with an at sign; the lens may put a token, or the maker of another network, before it. */
export function isAbstract(address: string): boolean {
  const own = withoutNetwork(address);
  return own.startsWith("@") || own.startsWith("$@") || own === "$autobind";
}

/** An address without the network that it is in: Landlock does not distinguish networks. */
export function withoutNetwork(address: string): string {
  return address.replace(/^\$NET:[^/]*\//, "");
}
