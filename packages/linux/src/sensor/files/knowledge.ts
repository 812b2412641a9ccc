/** What is known about a file: the class of its file system, its canonical path as text, its content. */
import { createHash } from "node:crypto";
import { readSync } from "node:fs";
import type { Digest } from "@isoline/core/digest";
import { escapeBytes } from "@isoline/core/event";
import { openat2, statx } from "../../abi/libc.ts";
import { AT_EMPTY_PATH, AT_FDCWD, O_ACCMODE, O_CLOEXEC, O_PATH, O_RDWR, Stat, STATX_MASK } from "../../abi/stat.ts";
import { type Content, NO_CONTENT } from "./content.ts";
import { EMPTY, openHow, terminated } from "../../abi/bytes.ts";
import { Originals } from "./originals.ts";
import { Found, type Origin, versionOf } from "./found.ts";
import type { NodeDigests } from "./node-digests.ts";
import { enforcedVerity } from "./verity.ts";
import { wasWithheld, withReadable } from "./reading.ts";
import { isOverlay, magicOf, type Writers, WriterSearch } from "./writers.ts";

/**
 * File system magics (linux/magic.h) whose files are not stored bytes. Everything else is `disk`: the kind of storage (ext4,
 * overlay, tmpfs) differs from machine to machine and says nothing about behaviour.
 */
const PSEUDO: Readonly<Record<number, string>> = {
  0x9fa0: "proc",
  0x62656572: "sysfs",
  0x1cd1: "devpts",
  0x27e0eb: "cgroup",
  0x63677270: "cgroup",
  0x64626720: "debugfs",
  0x74726163: "tracefs",
  0x73636673: "securityfs",
  0xcafe4a11: "bpf",
  0x50495045: "pipe",
  0x534f434b: "socket",
  0x09041934: "anon",
  0x6e736673: "ns",
  0x19800202: "mqueue",
  0x65735543: "fusectl",
  0x62656570: "configfs",
  0x42494e4d: "binfmt",
  0xde5e81e4: "efivarfs",
  0x6165676c: "pstore",
  0xf97cff8c: "selinux",
  0x50494446: "pidfd",
};

/** Class of a file system by its magic. */
export function classOfMagic(magic: number): string {
  return PSEUDO[magic] ?? "disk";
}

/** Larger files count as too large, so that the workload is not stopped for minutes. */
const MAX_CONTENT = 8 * 2 ** 30;
const CACHE_SIZE = 65_536;
/** No digest: the file changed while it was read, or the read was refused. */
const CHANGED = "changed";
const WITHHELD = "withheld";

interface Looked {
  readonly digest: string;
  readonly writers: Writers;
  readonly verity: string | undefined;
}

export class FileKnowledge {
  readonly #digests = new Map<string, string>();
  /** fs-verity digests by version of the file. */
  readonly #verity = new Map<string, string>();
  /** Versions of files to which, at some moment, no process could write: other content has another version. */
  readonly #lasting = new Set<string>();
  readonly #writers: WriterSearch;
  #clockIsSet = false;
  readonly #chunk: Buffer = Buffer.alloc(1 << 17);
  readonly #originals = new Originals();
  readonly #meanwhile: () => void;
  #shared: NodeDigests | undefined;

  /**
   * `meanwhile` is called again and again while a long operation runs. `mapsOverlay`: whether the namespace may have mapped a file of an
   * overlay for writing, where that is known and not recorded by `noteOpened` and `noteUnseen`.
   */
  constructor(meanwhile: () => void, mapsOverlay?: () => boolean) {
    this.#meanwhile = meanwhile;
    this.#writers = new WriterSearch(mapsOverlay);
  }

  /** From now on digests are found among those of other namespaces, and kept for them. */
  share(digests: NodeDigests): void {
    this.#shared = digests;
  }

  /** Class of the file system of an object. Read each time, because numbers of devices and mounts are reused. */
  classOf(found: Found): string {
    return found.filesystem < 0 ? "?" : classOfMagic(found.filesystem);
  }

  /** Path, mode, owner and file system, as the fields of an event. */
  describe(found: Found): { path: string; mode: number; uid: number; gid: number; fs: string } {
    const { stat } = found;
    return { path: pathText(found), mode: stat.mode, uid: stat.uid, gid: stat.gid, fs: this.classOf(found) };
  }

  /**
   * SHA-256 of a regular file's content, by the very inode that was found; a remark instead if it cannot be read or changes
   * while it is read. Files that the kernel generates have no content: reading one may consume it, have an effect, or never end
   * (`/proc/kmsg` does all three).
   *
   * Cached by device, inode, birth time, ctime and size, if these prove that the content is the same (`writers.ts`). If a
   * process may write to a file that is `executed`, the content is marked as written: the code that runs is not known. Data
   * that is `read` is often written at the same time, by a log or a database: its digest is that of the bytes read, and is not
   * cached.
   */
  contentOf(found: Found, path = () => pathText(found), use: "executed" | "read" = "executed"): Content {
    const looked = this.#look(found, "sha256");
    if (looked === undefined) return NO_CONTENT;
    if (typeof looked === "string") return { remark: { what: looked, path: path() } };
    const { digest, writers, verity } = looked;
    const remark =
      writers === "some" && use === "executed"
        ? ({ what: "written", path: path() } as const)
        : verity === undefined
          ? undefined
          : ({ what: "fs-verity", path: path(), digest: verity } as const);
    // Nearly every file. To leave members out by spreading takes V8 some microseconds.
    if (remark === undefined && writers === "none") return { digest: digest as Digest };
    return {
      digest: digest as Digest,
      ...(remark === undefined ? {} : { remark }),
      ...(writers === "none" ? {} : { passing: true }),
    };
  }

  /** The same with another algorithm, by Node's name of it; in hexadecimal, undefined if the content cannot be read. */
  digestOf(found: Found, algorithm: string): string | undefined {
    const looked = this.#look(found, algorithm);
    return typeof looked === "string" ? undefined : looked?.digest;
  }

  /**
   * Whether any process may write to a regular file. `none` can be cached: any file with the version that was found has the
   * same content, and everything derived from that content remains valid.
   */
  writersOf(found: Found): Writers {
    if (!found.stat.isRegular || this.classOf(found) !== "disk") return "unknown";
    const version = found.version;
    if (this.#isProven(found)) return "none";
    const writers = withReadable(found.fd, (readable) => this.#search(readable, found.stat)) ?? "unknown";
    if (writers !== "none") return writers;
    if (!this.isStill(found)) return "unknown";
    this.#lasting.add(version);
    return "none";
  }

  /** Whether a file has the version that it was found with. */
  isStill({ fd, version }: Found): boolean {
    const now = new Stat();
    if (statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, now.bytes) < 0) return false;
    return versionOf(now) === version;
  }

  /** Records that a file was opened for reading and writing. */
  noteOpened(stat: Stat): void {
    if (stat.isRegular) this.#writers.noteOpened(stat);
  }

  /** Records that a task is about to open or make a file of this file system by itself, with these flags. */
  noteUnseen(there: Found, flags: number): void {
    if ((flags & O_ACCMODE) === O_RDWR && isOverlay(there.filesystem)) this.#writers.noteUnseen();
  }

  /** Records that the namespace mounted an overlay file system. */
  noteOverlay(): void {
    this.#writers.noteOverlay();
  }

  /** Records that the namespace sets the clock: from now on times prove nothing, because it can produce any of them again. */
  noteClock(): void {
    this.#clockIsSet = true;
    this.#digests.clear();
    this.#lasting.clear();
  }

  /** Whether the version of a file identifies its content: not after the namespace has set the clock. */
  get versionsTell(): boolean {
    return !this.#clockIsSet;
  }

  /** Whether no process could write to this version of a file at some moment, and other content has another version since. */
  #isProven(found: Found): boolean {
    return this.#lasting.has(found.version) && this.versionTells(found);
  }

  /** Whether files of such a file system may have other content in the same version. */
  mayLeaveNoTrace(magic: number): boolean {
    return this.#clockIsSet || this.#writers.mayLeaveNoTrace(magic);
  }

  /** Whether other content of this file has another version. */
  versionTells({ filesystem, stat }: Found): boolean {
    return !this.#clockIsSet && !this.#writers.leavesNoTrace(filesystem, stat);
  }

  /** Stores a version that no process can write to, if it is still the version. */
  #search(readable: number, stat: Stat): Writers {
    const writers = this.#writers.of(readable, stat);
    return writers === "none" && this.#clockIsSet ? "unknown" : writers;
  }

  #look(found: Found, algorithm: string): Looked | typeof CHANGED | typeof WITHHELD | undefined {
    if (!found.stat.isRegular || found.stat.size > MAX_CONTENT || this.classOf(found) !== "disk") return undefined;
    const version = found.version;
    const entry = algorithm + version;
    const isProven = this.#isProven(found);
    const known = isProven ? this.#digests.get(entry) : undefined;
    if (known) {
      if (algorithm === "sha256") this.#originals.keep(found.fd, found.stat.size, known);
      return { digest: known, writers: "none", verity: this.#verity.get(version) };
    }
    const looked = withReadable(found.fd, (readable): Looked | typeof CHANGED => {
      const verity = enforcedVerity(readable);
      // Checked before the file is read: a write from now on changes its times.
      const writers = verity !== undefined || isProven ? "none" : this.#search(readable, found.stat);
      // Files with the same fs-verity digest have the same content, wherever they are.
      const entryOfVerity = verity === undefined ? undefined : `${algorithm} ${verity}`;
      // Only for a version of which this namespace has its own proof.
      const isShareable = writers === "none" && verity === undefined && algorithm === "sha256";
      const shareable = isShareable ? this.#shared?.of(readable, found) : undefined;
      const shared = shareable && this.#shared?.find(shareable);
      const digest =
        (entryOfVerity !== undefined && this.#digests.get(entryOfVerity)) ||
        shared ||
        (algorithm === "sha256" && this.#ofOriginal(readable, found.stat)) ||
        this.#hash(readable, found.stat, algorithm);
      if (verity === undefined && !this.isStill(found)) return CHANGED;
      if (writers === "none") this.#remember(version, entry, digest, entryOfVerity, verity);
      if (shareable !== undefined && shared === undefined) this.#shared?.keep(shareable, digest as Digest);
      if (writers === "none" && algorithm === "sha256") this.#originals.keep(found.fd, found.stat.size, digest);
      return { digest, writers, verity };
    });
    return looked ?? (wasWithheld() ? WITHHELD : undefined);
  }

  #remember(version: string, entry: string, digest: string, entryOfVerity?: string, verity?: string): void {
    if (this.#digests.size >= CACHE_SIZE || this.#lasting.size >= CACHE_SIZE) {
      this.#digests.clear();
      this.#verity.clear();
      this.#lasting.clear();
    }
    this.#lasting.add(version);
    this.#digests.set(entry, digest);
    if (verity === undefined || entryOfVerity === undefined) return;
    this.#digests.set(entryOfVerity, digest);
    this.#verity.set(version, verity);
  }

  /** Stores a digest that another sensor computed earlier for this version of a file (`fileVersion`). */
  know(version: string, digest: Digest): void {
    const bytes = Buffer.from(version, "hex").toString("latin1");
    this.#lasting.add(bytes);
    this.#digests.set(`sha256${bytes}`, digest);
  }

  close(): void {
    this.#originals.close();
  }

  /** The version of a file that is stored bytes; see `writersOf`. */
  versionOf(found: Found): string | undefined {
    return found.stat.isRegular && this.classOf(found) === "disk" ? found.version : undefined;
  }

  /** The first bytes of a regular file; undefined if it cannot be read. */
  head(found: Found, length: number): Buffer | undefined {
    if (!found.stat.isRegular) return undefined;
    return withReadable(found.fd, (fd) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(fd, bytes, 0, length, 0));
    });
  }

  /** The content of a regular file up to a size; undefined if it cannot be read or changes meanwhile. */
  wholeOf(found: Found, most: number): Buffer | undefined {
    const version = this.versionOf(found);
    if (version === undefined || found.stat.size > most) return undefined;
    const bytes = this.slice(found, 0, found.stat.size);
    return this.isStill(found) ? bytes : undefined;
  }

  /** Bytes of a regular file at an offset; undefined if it cannot be read or is too short. */
  slice(found: Found, position: number, length: number): Buffer | undefined {
    return withReadable(found.fd, (fd) => {
      const bytes = Buffer.alloc(length);
      return readSync(fd, bytes, 0, length, position) === length ? bytes : undefined;
    });
  }

  /** The digest of a copy of a large known file. An original that was written to meanwhile does not count. */
  #ofOriginal(readable: number, { size }: Stat): string | undefined {
    const original = this.#originals.sameAs(readable, size);
    if (!original) return undefined;
    const now = new Stat();
    if (statx(original.fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, now.bytes) < 0) return undefined;
    if (this.#writers.leavesNoTrace(magicOf(original.fd), now)) return undefined;
    return this.#digests.get(`sha256${versionOf(now)}`) === original.digest ? original.digest : undefined;
  }

  /** Reads no further than the size at the time of the find: another process may append faster than the sensor reads. */
  #hash(readable: number, { size }: Stat, algorithm: string): string {
    const hash = createHash(algorithm);
    for (let got = 1, total = 0; got > 0 && total <= size; total += got) {
      got = readSync(readable, this.#chunk, 0, this.#chunk.length, total);
      hash.update(this.#chunk.subarray(0, got));
      this.#meanwhile();
    }
    return hash.digest("hex");
  }
}

/**
 * Canonical path as event text. Objects without a place in the file system get the name of their kind, because the numbers that
 * the kernel prints for them differ from run to run: `memfd:NAME`, `pipe:`, `socket:`, `anon:TYPE`, `ns:TYPE`. A file whose
 * name was removed is `?deleted:PATH`; one beyond the task's root is `?outside:PATH`, with the supervisor's path. A path
 * outside the launch's view is `?in:ORIGIN//PATH`: canonical paths have no two slashes in a row.
 */
export function pathText(found: Found): string {
  const text = escapeBytes(found.path);
  if (text.startsWith("/")) {
    const placed = found.origin === undefined ? text : withOrigin(found, found.origin);
    if (found.standing === "here") return placed;
    if (found.standing === "outside") return found.origin === undefined ? `?outside:${text}` : placed;
    if (found.origin === undefined && text.startsWith("/memfd:") && found.stat.nlink === 0) return text.slice(1);
    // A file that was created without a name (O_TMPFILE) is shown by its inode number.
    return `?deleted:${placed.replace(/\/#\d+$/, "/#unnamed")}`;
  }
  const kind = /^(pipe|socket|anon_inode|[a-z_]+):/.exec(text)?.[1];
  if (kind === undefined) return `?unnamed:${text}`;
  if (kind === "anon_inode") return `anon:${text.slice("anon_inode:".length).replace(/^\[(.*)\]$/, "$1")}`;
  return kind === "pipe" || kind === "socket" ? `${kind}:` : `ns:${kind}`;
}

export function withOrigin({ path }: Pick<Found, "path">, { directory, rest }: Origin): string {
  const below = escapeBytes(path.subarray(path.length - rest));
  return `?in:${directory}//${below.startsWith("/") ? below.slice(1) : below}`;
}

/** The path of a name in a directory. */
export function nameIn(directory: string, name: string): string {
  return directory.endsWith("/") ? directory + name : `${directory}/${name}`;
}

/**
 * Device, inode, birth time, ctime and size of a file, in hexadecimal; undefined if they could be forged: for anything but a
 * regular file on a block device. They identify its content if they are a `lastingVersion`.
 */
export function fileVersion(path: string): string | undefined {
  const stat = new Stat();
  if (statx(AT_FDCWD, Buffer.from(`${path}\0`), 0, STATX_MASK, stat.bytes) < 0) return undefined;
  const version = Buffer.alloc(48);
  stat.putVersion(version, 0);
  return stat.isRegular && stat.isOnBlockDevice ? version.toString("hex") : undefined;
}

/** The same if no process can write to the file at this moment, so that other content will have another version. */
export function lastingVersion(path: string): string | undefined {
  const found = new Found();
  const fd = openat2(AT_FDCWD, terminated(path), openHow(O_PATH | O_CLOEXEC, 0, 0));
  try {
    if (fd < 0 || found.adopt(fd, undefined) < 0 || new FileKnowledge(() => {}).writersOf(found) !== "none")
      return undefined;
    return fileVersion(`/proc/self/fd/${fd}`);
  } finally {
    found.close();
  }
}
