/**
 * Whether the path of an object is valid in the view of the launch, and where the object lies if not.
 *
 * A path is read back as the task sees it. In another root or mount namespace, or through a descriptor from there or
 * `/proc/PID/root`, the same text names another object. If the launch's own view shows that very object under that very path,
 * the path is written plainly. If it shows the object under another path, that is written (`?in:/work/jail//etc/config`).
 * Otherwise the mounted file system is, and the program that mounted it (`?in:tmpfs/unshare//etc/config`). For a container, its
 * first root takes the place of the launch's.
 */
import { escapeBytes } from "@isoline/core/event";
import { close, openat2, statx } from "../../../abi/libc.ts";
import { EMPTY, openHow, terminated } from "../../../abi/bytes.ts";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
  RESOLVE_IN_ROOT,
  Stat,
  STATX_MASK,
} from "../../../abi/stat.ts";
import type { Found } from "../../files/found.ts";
import { below, isWithin, joined, type Mount, mountSeenBy } from "../../files/mount-table.ts";
import { View } from "../../files/view.ts";
import type { Process, Thread } from "../tasks/process.ts";
import { FOREIGN, type Worlds } from "../tasks/worlds.ts";
import { OwnProc } from "./own-proc.ts";
import type { Places } from "./places.ts";

const DIRECTORY = openHow(O_PATH | O_DIRECTORY | O_CLOEXEC, 0, 0);
const DIRECTORY_IN_ROOT = openHow(O_PATH | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_IN_ROOT);
const UNKNOWN = "unknown";
/** Outside a container, in the mounts of its host. */
const HOST = "host";
const MEMORY = "/memfd:";
/** linux/magic.h */
const PROC_SUPER_MAGIC = 0x9fa0;
/** Mounts that the workload made in the launch's view, by mount point. */
const MOST_MOUNTERS = 1024;

export class Origins {
  readonly #worlds: Worlds;
  readonly #networks: (thread: Thread, number: number | undefined) => string;
  readonly #isCanister: boolean;
  readonly #launch = new View(AT_FDCWD, "/proc/self/mountinfo");
  readonly #stat = new Stat();
  readonly #mounters = new Map<string, string>();
  #home: { readonly root: string; readonly view: View } | undefined;
  #isSetUp = false;
  /** From the first call on that changes mounts. */
  #proc: OwnProc | undefined;

  /**
   * `networks` names the maker of the network that a thread is in, or of that of a process by its number there; "" for the launch's
   * or the container's.
   */
  constructor(worlds: Worlds, networks: (thread: Thread, number: number | undefined) => string, isCanister: boolean) {
    this.#worlds = worlds;
    this.#networks = networks;
    this.#isCanister = isCanister;
  }

  /** A call that changes mounts is about to be allowed. */
  mountsChange(): void {
    this.#launch.freeze();
    // A container has mounts of its own.
    if (!this.#isCanister) this.#proc ??= new OwnProc();
    // Until its first program runs, the mounts of a container are made by its runtime.
    if (this.#isSetUp) this.#home?.view.freeze();
  }

  /** Whether the workload has covered what the supervisor reads of tasks. */
  get isProcCovered(): boolean {
    return this.#proc?.isCovered ?? false;
  }

  /** The runtime of a container names the source of a mount by its own descriptor; the lens removes the number. */
  takesDescriptors({ process }: Thread, source: Buffer): boolean {
    return (
      this.#isCanister && isRuntimes(process) && /^\/proc\/(?:thread-)?self\/fd\/\d+$/.test(source.toString("latin1"))
    );
  }

  /** A program is about to be allowed to execute. */
  executing(process: Process): void {
    const { atOwnRoot, wasInside } = process;
    if (!atOwnRoot || wasInside) process.executedInside = true;
    if (!atOwnRoot && this.#home !== undefined) this.#isSetUp = true;
  }

  /** A program is about to mount something at a path of the launch's view. */
  mounting(path: string, program: string): void {
    if (this.#mounters.size >= MOST_MOUNTERS) this.#mounters.clear();
    this.#mounters.set(path, program);
  }

  /**
   * Determines where the path of the object is valid. `byPath`: it was found by an absolute path from the task's root, so that
   * it is in the task's view. `through`: the process whose link in /proc led to it.
   */
  settle(found: Found, thread: Thread, places: Places, byPath: boolean, through?: number): void {
    this.#settleMounts(found, thread, places, byPath, through);
    if (this.#worlds.mayDiffer("net") && isOfNetwork(found)) this.#settleNetwork(found, thread);
  }

  /** Tables, settings and interfaces of a network are those of the process that the path names, or of the task that opens it. */
  #settleNetwork(found: Found, thread: Thread): void {
    if (this.#isCanister && isRuntimes(thread.process)) return;
    const network = this.#networks(thread, processIn(found));
    if (network === "") return;
    const { directory = "", rest = found.path.length } = found.origin ?? {};
    found.origin = { directory: `net/${network}${directory === "" ? "" : `/${directory.replace(/^\//, "")}`}`, rest };
  }

  #settleMounts(found: Found, thread: Thread, places: Places, byPath: boolean, through?: number): void {
    const view = this.#viewOf(places, thread);
    if (view === undefined || (byPath && places.root < 0 && !view.isFrozen)) return;
    const isHome = places.root < 0 ? view === this.#launch : places.mark === this.#home?.root;
    if (byPath && isHome && !view.isFrozen) return;
    const path = found.path.toString("latin1");
    // Pipes, sockets and similar objects have no place.
    if (!path.startsWith("/")) return;
    if (isHome && view.holds(path, found.stat.mountId)) {
      // Not in memory, where a removed file has the same kind of name.
      if (path.startsWith(MEMORY)) found.origin = { directory: "", rest: path.length };
      return;
    }
    this.#find(found, thread, places, view, path, through);
  }

  /** Whether a directory belongs to the root that its path is read from, so that the path leads to it from there. */
  isBelow(found: Found, places: Places): boolean {
    const path = found.path.toString("latin1");
    if (places.mark === this.#home?.root && this.#home.view.holds(path, found.stat.mountId)) return true;
    const name = Buffer.concat([found.path, Buffer.of(0)]);
    const fd = places.root < 0 ? openat2(AT_FDCWD, name, DIRECTORY) : openat2(places.root, name, DIRECTORY_IN_ROOT);
    if (fd < 0) return false;
    const known = statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, this.#stat.bytes) >= 0;
    close(fd);
    const { inode, device, mountId } = found.stat;
    return known && this.#stat.inode === inode && this.#stat.device === device && this.#stat.mountId === mountId;
  }

  close(): void {
    this.#launch.close();
    this.#proc?.close();
    this.#home?.view.close();
  }

  /** Undefined if paths are used unchanged: for the runtime of a container, until the container's first program runs. */
  #viewOf(places: Places, { process, tid }: Thread): View | undefined {
    if (!this.#isCanister || places.root < 0) return this.#launch;
    if (process.atOwnRoot) return undefined;
    this.#home ??= homeOf(places, tid);
    return this.#isSetUp ? this.#home.view : undefined;
  }

  #find(found: Found, thread: Thread, places: Places, view: View, path: string, through: number | undefined): void {
    const { standing, stat } = found;
    const isHere = standing === "here";
    if (isHere && view.shows(path, stat)) return;
    if (standing === "removed" && this.#isBesideShown(path, places, view)) return;
    // By the path from the root of its mount namespace: a root directory may lie anywhere in it.
    const whole =
      standing === "outside" ? path : joined(places.rootPath.toString("latin1") || "/", path === "/" ? "" : path);
    if (standing === "outside" && (view.holds(path, stat.mountId) || view.shows(path, stat))) return;
    if (isHere && whole !== path && view.shows(whole, stat)) return place(found, path, whole);
    if (view !== this.#launch && this.#launch.mounted(stat.mountId)) return mark(found, HOST);
    const mount = this.#mountOf(found, thread, places, view, through);
    // Memory is mounted nowhere and has no name.
    if (mount === undefined && standing === "removed" && stat.nlink === 0 && path.startsWith(MEMORY)) return;
    if (mount === undefined) return mark(found, UNKNOWN);
    const seen = mount.isLaunchs ? whole : path;
    if (!isWithin(seen, mount.point)) return mark(found, UNKNOWN);
    const shown = view.pathOf(mount.device, joined(mount.root, below(seen, mount.point)), path);
    if (shown !== undefined && (!isHere || view.shows(shown, stat))) {
      if (shown !== path) place(found, path, shown);
      return;
    }
    mark(found, described(mount, this.#makerOf(mount, thread, through)));
  }

  /** A removed file was in a directory that still exists. */
  #isBesideShown(path: string, { root }: Places, view: View): boolean {
    const directory = path.slice(0, Math.max(1, path.lastIndexOf("/")));
    const name = Buffer.from(`${directory}\0`, "latin1");
    const fd = root < 0 ? openat2(AT_FDCWD, name, DIRECTORY) : openat2(root, name, DIRECTORY_IN_ROOT);
    if (fd < 0) return false;
    const known = statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, this.#stat.bytes) >= 0;
    const { device, inode } = this.#stat;
    close(fd);
    return known && view.shows(directory, { device, inode });
  }

  #mountOf(
    { stat: { mountId } }: Found,
    { tid }: Thread,
    places: Places,
    view: View,
    through: number | undefined,
  ): (Mount & { readonly isLaunchs: boolean }) | undefined {
    const launchs = view.mounted(mountId);
    if (launchs) return { ...launchs, isLaunchs: true };
    const other = places.root < 0 ? undefined : mountSeenBy(tid, mountId);
    const found = other ?? (through === undefined ? undefined : mountSeenBy(through, mountId));
    return found && { ...found, isLaunchs: false };
  }

  #makerOf(mount: Mount & { readonly isLaunchs: boolean }, thread: Thread, through: number | undefined): string {
    if (mount.isLaunchs) return this.#mounters.get(mount.point) ?? FOREIGN;
    if (through !== undefined) return FOREIGN;
    return this.#worlds.makerOf("mnt", thread.process, thread.tid) || FOREIGN;
  }
}

/** Whether a process of a canister is its runtime's: at the host's root, and not escaped to it. */
function isRuntimes({ atOwnRoot, wasInside }: Process): boolean {
  return atOwnRoot && !wasInside;
}

/** In a mount of proc: settings of the network of the task that opens them, and tables of that of a process. */
const OF_NETWORK = /\/(?:sys|([1-9]\d{0,9})(?:\/task\/[1-9]\d{0,9})?)\/net(?:\/|$)/;
/** tun and ppp (Documentation/admin-guide/devices.txt): what is opened makes interfaces in the network of the task that opens it. */
const MAKING_INTERFACES: ReadonlySet<string> = new Set(["10:200", "108:0"]);

function isOfNetwork(found: Found): boolean {
  const { path, stat } = found;
  if (stat.isCharacterDevice) return MAKING_INTERFACES.has(stat.rdev);
  return path.includes("/net") && found.filesystem === PROC_SUPER_MAGIC && OF_NETWORK.test(path.toString("latin1"));
}

/** The number of the process that such a path names. */
function processIn({ path }: Found): number | undefined {
  const number = OF_NETWORK.exec(path.toString("latin1"))?.[1];
  return number === undefined ? undefined : Number(number);
}

function homeOf(places: Places, tid: number): { readonly root: string; readonly view: View } {
  const root = openat2(places.root, terminated("."), DIRECTORY);
  return { root: places.mark, view: new View(root, `/proc/${tid}/mountinfo`) };
}

/** The launch has the object under another path: the common end of both paths is written once. */
function place(found: Found, path: string, shown: string): void {
  let rest = 0;
  for (let length = 1; length <= Math.min(path.length, shown.length); length++) {
    const at = path.length - length;
    if (path[at] !== shown[shown.length - length]) break;
    if (path[at] === "/" && (length > 1 || path === "/")) rest = length;
  }
  const directory = shown.slice(0, shown.length - rest);
  found.origin = { directory: directory === "/" ? "" : escaped(directory), rest };
}

function mark(found: Found, directory: string): void {
  found.origin = { directory, rest: found.path.length };
}

/**
 * The mounted file system: its type, the program that mounted it or made the namespace, and the source if that says more than
 * the type.
 */
function described({ type, source }: Mount, maker: string): string {
  const from = source === type || source === "none" ? "" : source;
  return `${escaped(type)}/${maker}/${escaped(from)}`.replace(/\/{2,}/g, "/").replace(/\/$/, "");
}

function escaped(text: string): string {
  return escapeBytes(Buffer.from(text, "latin1"));
}
