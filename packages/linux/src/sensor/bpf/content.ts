/**
 * The content of a file that the BPF programs saw: found again by its path, and only accepted if it is the same inode with the
 * same times and size. A file that is gone or has changed is reported as missing. Of an overlay's file that may have been written to
 * through a mapping, the times that the programs see are older than the file's: it must not have changed since it was seen.
 */
import { readdirSync, readlinkSync } from "node:fs";
import type { Digest } from "@isoline/core/digest";
import { escapeBytes } from "@isoline/core/event";
import { formatRun } from "@isoline/core/identity";
import { close, openat2 } from "../../abi/libc.ts";
import {
  AT_FDCWD,
  O_CLOEXEC,
  O_NOFOLLOW,
  O_PATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  S_IFMT,
  S_IFREG,
} from "../../abi/stat.ts";
import type { ActingProcess } from "../acting.ts";
import { readProcFile } from "../../process/proc-file.ts";
import { type Content, NO_CONTENT } from "../files/content.ts";
import { openHow, terminated } from "../../abi/bytes.ts";
import { classOfMagic, FileKnowledge, pathText } from "../files/knowledge.ts";
import type { UsedFile, UsingThread } from "../inspection.ts";
import { Found, type RootView } from "../files/found.ts";
import { HEAD, type Interpreter, interpreterIn } from "../files/loader.ts";
import type { NodeDigests } from "../files/node-digests.ts";
import { SensedFile } from "../files/sensed-file.ts";
import { tickOf } from "../files/writers.ts";
import { pathTextOf } from "./objects.ts";
import { type SeenObject, standings } from "./record.ts";
import { Roots } from "./roots.ts";

const stay = openHow(O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, 0);
const stayInRoot = openHow(O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, RESOLVE_IN_ROOT);
const magic = openHow(O_PATH | O_CLOEXEC, 0, 0);
const plain = openHow(O_PATH | O_CLOEXEC, 0, RESOLVE_NO_MAGICLINKS);
const inRoot = openHow(O_PATH | O_CLOEXEC, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
const OWN_DIRECTORY = Buffer.from(`/proc/${process.pid}`);
const SLASH = 0x2f;
/** `stx_ctime` in `struct statx`: seconds, then nanoseconds. */
const CTIME_AT = 96;
/** Descriptors of one process that are looked through. */
const MOST_DESCRIPTORS = 256;

/** Bytes that are read before they are asked for: a second of hashing. */
const MOST_BYTES_AHEAD = 1 << 28;

/** Files that are held open until they are asked for. */
const MOST_HELD = 64;

/** Why a file is missing: it has changed since it was seen, or it is gone. */
type Missing = "changed" | "gone";

export class SeenContent {
  /** Called repeatedly during a long operation. */
  meanwhile: () => void = () => {};
  readonly #files: FileKnowledge;
  readonly #found = new Found();
  /** For a file that is looked for while another one is read. */
  readonly #early = new Found();
  readonly #held = new Map<string, number>();
  readonly #roots = new Roots();
  readonly #shown: SensedFile;

  /** `mapsOverlay` is asked whether the namespace may have mapped a file of an overlay for writing. */
  constructor(mapsOverlay: () => boolean) {
    this.#files = new FileKnowledge(() => this.meanwhile(), mapsOverlay);
    this.#shown = new SensedFile(this.#files);
  }

  /** Takes the digest of a file from where that version of it (`fileVersion`) was hashed before. */
  know(version: string, digest: Digest): void {
    this.#files.know(version, digest);
  }

  /** Shares digests with the other namespaces of this process. */
  share(digests: NodeDigests): void {
    this.#files.share(digests);
  }

  /** Notes that the namespace may set the clock: from now on the version of a file does not prove its content. */
  noteClock(): void {
    this.#files.noteClock();
  }

  get versionsTell(): boolean {
    return this.#files.versionsTell;
  }

  /** Whether a file that was seen may have other content in the same version: it is in memory, or may be. */
  mayLeaveNoTrace({ magic }: SeenObject): boolean {
    return this.#files.mayLeaveNoTrace(magic);
  }

  /** Notes that the namespace may mount an overlay. */
  noteOverlay(): void {
    this.#files.noteOverlay();
  }

  /** Notes another root than the namespace began with: its path, or `/proc/PID/root`. */
  noteRoot(directory: string): void {
    this.#roots.note(directory);
  }

  /**
   * Reads files that will be needed, while the cache is not full, so that no task waits for that. Later nothing rests on the
   * path: another file, or another version, is read again.
   */
  readAhead(paths: readonly Buffer[]): void {
    let room = MOST_BYTES_AHEAD;
    for (const path of paths) {
      const fd = openat2(AT_FDCWD, Buffer.concat([path, Buffer.of(0)]), magic);
      if (fd >= 0 && this.#early.adopt(fd, undefined) === 0) {
        room -= this.#early.stat.size;
        if (room >= 0) this.#files.contentOf(this.#early);
      }
      this.#early.close();
    }
  }

  /** Opens a file that will be asked for. */
  hold(seen: SeenObject, pid: number): void {
    const version = versionOf(seen);
    if (this.#held.has(version) || this.#adopt(this.#early, seen, this.#candidates(seen, pid)) !== "found") return;
    this.#held.set(version, this.#early.fd);
    this.#early.fd = -1;
    if (this.#held.size > MOST_HELD) close(this.#take(this.#held.keys().next().value as string));
  }

  /** The SHA-256 of the content that the BPF programs saw; or why it is no longer available. */
  of(seen: SeenObject, pid: number, use: "executed" | "read" = "executed"): Content {
    const found = this.find(seen, pid, (found) => this.#files.contentOf(found, () => pathTextOf(seen), use));
    if (typeof found === "object") return found;
    const isToBeHad = seen.standing === standings.here && isStored(seen);
    return isToBeHad ? { remark: { what: found, path: pathTextOf(seen) } } : NO_CONTENT;
  }

  /** Lets a reader inspect this very file, under the name that the task knows; otherwise why it is missing. */
  show(seen: SeenObject, { tid, process }: UsingThread, look: (file: UsedFile) => number): number | Missing {
    return this.find(seen, process.pid, (found) => look(this.#shown.of(found, { tid }, seen.path)));
  }

  /** Lets a reader look at this very file; otherwise why it is missing. */
  find<T>(seen: SeenObject, pid: number, look: (found: Found) => T): T | Missing {
    try {
      if (this.#adopt(this.#found, seen, [this.#take(versionOf(seen))]) === "found") return look(this.#found);
      const found = this.#adopt(this.#found, seen, this.#candidates(seen, pid));
      return found === "found" ? look(this.#found) : found;
    } finally {
      this.#found.close();
    }
  }

  /** The interpreter that the first line of a script names; undefined if there is none, or the line cannot be read. */
  interpreterOf(seen: SeenObject, pid: number): Interpreter | undefined {
    const head = this.find(seen, pid, (found) => this.#files.head(found, HEAD));
    return typeof head === "object" ? interpreterIn(head) : undefined;
  }

  /** The file at an absolute path as a process sees it, formatted as an event names a program; undefined if there is none. */
  runAt(path: Buffer, process: ActingProcess, withContent: boolean): string | undefined {
    return this.#at(path, process, (found) =>
      formatRun(pathText(found), withContent ? this.#files.contentOf(found).digest : undefined),
    );
  }

  /** The canonical path of a name that does not exist yet. */
  placeAt(path: Buffer, process: ActingProcess): string | undefined {
    const slash = path.lastIndexOf(SLASH);
    const name = escapeBytes(path.subarray(slash + 1));
    if (name === "" || name === "." || name === "..") return undefined;
    const above = slash === 0 ? path.subarray(0, 1) : path.subarray(0, slash);
    return this.#at(above, process, (found) => {
      const directory = pathText(found);
      return `${directory === "/" ? "" : directory}/${name}`;
    });
  }

  /**
   * What is at a path as a process sees it. Undefined for paths that mean the supervisor if it follows them: in /proc, or by a
   * magic link.
   */
  #at<T>(path: Buffer, process: ActingProcess, look: (found: Found) => T): T | undefined {
    const root = process.atOwnRoot ? undefined : this.#rootOf(process);
    if (root === undefined && !process.atOwnRoot) return undefined;
    const end = Buffer.concat([path, Buffer.of(0)]);
    const fd = openat2(root?.root ?? AT_FDCWD, end, root === undefined ? plain : inRoot);
    // Others are looked for while its content is read.
    const found = new Found();
    try {
      if (fd < 0 || found.adopt(fd, root) < 0 || found.path.includes(OWN_DIRECTORY)) return undefined;
      return look(found);
    } finally {
      found.close();
      if (root) close(root.root);
    }
  }

  #rootOf({ pid }: ActingProcess): RootView | undefined {
    const root = openat2(AT_FDCWD, terminated(`/proc/${pid}/root`), magic);
    if (root < 0) return undefined;
    const rootPath = readlinkSync(`/proc/self/fd/${root}`, "buffer");
    return { root, rootPath: rootPath.length > 1 ? rootPath : Buffer.alloc(0) };
  }

  /** Adopts the first descriptor that refers to the object that was seen. */
  #adopt(found: Found, seen: SeenObject, candidates: Iterable<number>): "found" | Missing {
    let missing: Missing = "gone";
    for (const fd of candidates) {
      if (fd < 0) continue;
      if (found.adopt(fd, undefined) === 0 && isSameFile(found, seen)) {
        if (isSameVersion(found, seen) || (this.versionsTell && isUnchangedSince(found, seen))) return "found";
        missing = "changed";
      }
      found.close();
    }
    return missing;
  }

  /** Takes the descriptor of a file that was held open, and passes it to the caller; -1 if there is none. */
  #take(version: string): number {
    const fd = this.#held.get(version) ?? -1;
    this.#held.delete(version);
    return fd;
  }

  close(): void {
    this.meanwhile = () => {};
    for (const fd of this.#held.values()) close(fd);
    this.#roots.close();
    this.#files.close();
  }

  /** Where a file may be found again, best first; each descriptor is opened when it is its turn. */
  *#candidates({ path, standing }: SeenObject, pid: number): Generator<number> {
    const end = Buffer.of(0);
    yield openat2(AT_FDCWD, Buffer.concat([Buffer.from(`/proc/${pid}/root`), path, end]), stay);
    for (const root of this.#roots.all) yield openat2(root, Buffer.concat([path, end]), stayInRoot);
    yield openat2(AT_FDCWD, Buffer.concat([path, end]), stay);
    const follow = (link: string) => openat2(AT_FDCWD, Buffer.from(`${link}\0`), magic);
    yield follow(`/proc/${pid}/exe`);
    if (standing === standings.here) return;
    // A file without a name still has a user: the process that was let execute it holds it, or a process forked meanwhile runs it.
    for (const fd of entriesOf(`/proc/${pid}/fd`).slice(0, MOST_DESCRIPTORS)) yield follow(`/proc/${pid}/fd/${fd}`);
    for (const other of entriesOf("/proc")) if (/^\d+$/.test(other)) yield follow(`/proc/${other}/exe`);
  }
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function versionOf({ device, inode, size, changedSeconds, changedNanoseconds }: SeenObject): string {
  return `${device} ${inode} ${size} ${changedSeconds} ${changedNanoseconds}`;
}

/** Whether this is a regular file with stored bytes. A file that the kernel generates has no content. */
export function isStored({ mode, magic }: SeenObject): boolean {
  return (mode & S_IFMT) === S_IFREG && classOfMagic(magic) === "disk";
}

function isSameFile({ stat }: Found, seen: SeenObject): boolean {
  if (BigInt(stat.inode) !== seen.inode) return false;
  return stat.device === seen.device || deviceOfMount(stat.mountId) === seen.device;
}

/**
 * The device of the file system that is mounted there, as the kernel's own objects have it; packed as `Stat.device`. Files of Btrfs say
 * another one to `statx`, that of their subvolume (fs/btrfs/inode.c, btrfs_getattr).
 */
function deviceOfMount(mountId: number): number | undefined {
  const [, major, minor] =
    new RegExp(`^${mountId} \\d+ (\\d+):(\\d+) `, "m").exec(readProcFile("/proc/self/mountinfo") ?? "") ?? [];
  return minor === undefined ? undefined : Number(major) * 2 ** 20 + Number(minor);
}

function isSameVersion({ stat }: Found, seen: SeenObject): boolean {
  return (
    BigInt(stat.size) === seen.size &&
    stat.bytes.readBigInt64LE(CTIME_AT) === seen.changedSeconds &&
    stat.bytes.readUInt32LE(CTIME_AT + 8) === seen.changedNanoseconds
  );
}

/** The last change of an overlay's file by a mapping is not in the version that was seen. It is told by the file itself. */
function isUnchangedSince({ stat }: Found, { mayBeMappedAt: then, size }: SeenObject): boolean {
  if (then === undefined || BigInt(stat.size) !== size) return false;
  const age = Number(process.hrtime.bigint() - then) / 1e6;
  return stat.changedAtMilliseconds < Date.now() - age - tickOf(stat);
}
