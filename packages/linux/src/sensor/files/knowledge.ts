/**
 * What a file is: its class of filesystem, its canonical path as text, its content.
 */
import { createHash } from "node:crypto";
import { readSync } from "node:fs";
import { type Digest, escapeBytes } from "@isoline/core";
import { openat2, statx } from "../../abi/libc.ts";
import { AT_EMPTY_PATH, AT_FDCWD, O_CLOEXEC, O_PATH, Stat, STATX_MASK } from "../../abi/stat.ts";
import { type Content, NO_CONTENT } from "./content.ts";
import { EMPTY, openHow, terminated } from "../../abi/bytes.ts";
import { Originals } from "./originals.ts";
import { Found, type Origin } from "./found.ts";
import { enforcedVerity } from "./verity.ts";
import { wasWithheld, withReadable } from "./reading.ts";
import { type Writers, WriterSearch } from "./writers.ts";

/**
 * Filesystem magics (linux/magic.h) whose files are not stored bytes. Everything else is `disk`: which storage it is
 * (ext4, overlay, tmpfs) differs from machine to machine and says nothing of behaviour.
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

/** Class of a filesystem by its magic. */
export function classOfMagic(magic: number): string {
  return PSEUDO[magic] ?? "disk";
}

/** Beyond this, content is said to be too large instead of stopping the workload for minutes. */
const MAX_CONTENT = 8 * 2 ** 30;
const CACHE_SIZE = 65_536;
/** No digest, since the file changed while it was read; since it was kept from us. */
const CHANGED = "changed";
const WITHHELD = "withheld";

interface Looked {
  readonly digest: string;
  readonly writers: Writers;
  readonly verity: string | undefined;
}

export class FileKnowledge {
  readonly #digests = new Map<string, string>();
  /** What fs-verity says of versions of files that have it. */
  readonly #verity = new Map<string, string>();
  /** Versions that nothing could write to at some moment while they were that: another content has another version. */
  readonly #lasting = new Set<string>();
  readonly #writers = new WriterSearch();
  #clockIsSet = false;
  readonly #chunk: Buffer = Buffer.alloc(1 << 17);
  readonly #version: Buffer = Buffer.alloc(48);
  readonly #originals = new Originals();
  readonly #meanwhile: () => void;

  /** `meanwhile` is run again and again while something takes long. */
  constructor(meanwhile: () => void) {
    this.#meanwhile = meanwhile;
  }

  /** Class of the filesystem an object is on; asked each time, because numbers of devices and mounts come again. */
  classOf(found: Found): string {
    return found.filesystem < 0 ? "?" : classOfMagic(found.filesystem);
  }

  /** Path, mode, owner and filesystem, as the fields of an event. */
  describe(found: Found): { path: string; mode: number; uid: number; gid: number; fs: string } {
    const { stat } = found;
    return { path: pathText(found), mode: stat.mode, uid: stat.uid, gid: stat.gid, fs: this.classOf(found) };
  }

  /**
   * SHA-256 of a regular file's content, by the very inode that was found; none if it cannot be read, and that it changed if
   * it did while it was read. What the kernel makes up when it is read has no content: to read it may take it from the
   * workload, do something, or never end (`/proc/kmsg` does all three).
   *
   * Remembered by device, inode, birth time, ctime and size, if these prove that it is the same (`writers.ts`). What is
   * `executed` while something may write to it is said to be written: what will run is not known. Data that is `read` is
   * often written at the same time, by a log or a database: it is as it was read, and read again the next time.
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
    return {
      digest: digest as Digest,
      ...(remark === undefined ? {} : { remark }),
      ...(writers === "none" ? {} : { passing: true }),
    };
  }

  /** The same by another algorithm, as Node calls it; in hexadecimal, undefined if it is not to be had. */
  digestOf(found: Found, algorithm: string): string | undefined {
    const looked = this.#look(found, algorithm);
    return typeof looked === "string" ? undefined : looked?.digest;
  }

  /**
   * Whether something may write to a regular file. `none` lasts: whatever has the version with which the file was found has
   * the same content, and what was found out about that holds.
   */
  writersOf(found: Found): Writers {
    if (!found.stat.isRegular || this.classOf(found) !== "disk") return "unknown";
    const version = this.#versionOf(found.stat);
    if (this.#lasting.has(version)) return "none";
    const writers = withReadable(found.fd, (readable) => this.#search(readable, found.stat)) ?? "unknown";
    if (writers !== "none") return writers;
    if (!this.isStill(found)) return "unknown";
    this.#lasting.add(version);
    return "none";
  }

  /** Whether a file has the version that it was found with. */
  isStill({ fd, stat }: Found): boolean {
    const now = new Stat();
    if (statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, now.bytes) < 0) return false;
    return this.#versionOf(now) === this.#versionOf(stat);
  }

  /** Takes note of a file that was opened for reading and writing. */
  noteOpened(stat: Stat): void {
    if (stat.isRegular) this.#writers.noteOpened(stat);
  }

  /** Takes note that the namespace made an overlay file system. */
  noteOverlay(): void {
    this.#writers.noteOverlay();
  }

  /** Takes note that the namespace sets the clock: from now on times prove nothing, because it can have any of them again. */
  noteClock(): void {
    this.#clockIsSet = true;
    this.#digests.clear();
    this.#lasting.clear();
  }

  /** Whether the version of a file tells its content: not once the namespace sets the clock. */
  get versionsTell(): boolean {
    return !this.#clockIsSet;
  }

  /** A version that nothing can write to lasts, if it turns out to be the version still. */
  #search(readable: number, stat: Stat): Writers {
    const writers = this.#writers.of(readable, stat);
    return writers === "none" && this.#clockIsSet ? "unknown" : writers;
  }

  #look(found: Found, algorithm: string): Looked | typeof CHANGED | typeof WITHHELD | undefined {
    if (!found.stat.isRegular || found.stat.size > MAX_CONTENT || this.classOf(found) !== "disk") return undefined;
    const version = this.#versionOf(found.stat);
    const entry = algorithm + version;
    const known = this.#digests.get(entry);
    if (known) {
      if (algorithm === "sha256") this.#originals.keep(found.fd, found.stat.size, known);
      return { digest: known, writers: "none", verity: this.#verity.get(version) };
    }
    const looked = withReadable(found.fd, (readable): Looked | typeof CHANGED => {
      const verity = enforcedVerity(readable);
      // Before it is read: what is written from now on shows in its times.
      const writers = verity !== undefined || this.#lasting.has(version) ? "none" : this.#search(readable, found.stat);
      // What has the same digest of fs-verity has the same content, wherever it is.
      const entryOfVerity = verity === undefined ? undefined : `${algorithm} ${verity}`;
      const digest =
        (entryOfVerity !== undefined && this.#digests.get(entryOfVerity)) ||
        (algorithm === "sha256" && this.#ofOriginal(readable, found.stat)) ||
        this.#hash(readable, found.stat, algorithm);
      if (verity === undefined && !this.isStill(found)) return CHANGED;
      if (writers === "none") this.#remember(version, entry, digest, entryOfVerity, verity);
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

  /** Takes a file's digest from whoever hashed it before, as that version of it (`fileVersion`). */
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
    return found.stat.isRegular && this.classOf(found) === "disk" ? this.#versionOf(found.stat) : undefined;
  }

  /** The first bytes of a regular file; undefined if it cannot be read. */
  head(found: Found, length: number): Buffer | undefined {
    if (!found.stat.isRegular) return undefined;
    return withReadable(found.fd, (fd) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(fd, bytes, 0, length, 0));
    });
  }

  /** The content of a regular file of at most so many bytes; undefined if it cannot be read, or changes meanwhile. */
  wholeOf(found: Found, most: number): Buffer | undefined {
    const version = this.versionOf(found);
    if (version === undefined || found.stat.size > most) return undefined;
    const bytes = this.slice(found, 0, found.stat.size);
    return this.isStill(found) ? bytes : undefined;
  }

  /** Bytes of a regular file at a place; undefined if it cannot be read or is too short. */
  slice(found: Found, position: number, length: number): Buffer | undefined {
    return withReadable(found.fd, (fd) => {
      const bytes = Buffer.alloc(length);
      return readSync(fd, bytes, 0, length, position) === length ? bytes : undefined;
    });
  }

  /** Of a copy of something large that is known. An original that was written to meanwhile is none. */
  #ofOriginal(readable: number, { size }: Stat): string | undefined {
    const original = this.#originals.sameAs(readable, size);
    if (!original) return undefined;
    const now = new Stat();
    if (statx(original.fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, now.bytes) < 0) return undefined;
    return this.#digests.get(`sha256${this.#versionOf(now)}`) === original.digest ? original.digest : undefined;
  }

  #versionOf(stat: Stat): string {
    stat.putVersion(this.#version, 0);
    return this.#version.toString("latin1");
  }

  /** No further than the file reached when it was found: somebody may write faster than we read. */
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
 * Canonical path as event text. Objects without a place in the file system get a name of their kind, because the numbers
 * the kernel prints for them differ from run to run: `memfd:NAME`, `pipe:`, `socket:`, `anon:TYPE`, `ns:TYPE`; a file
 * whose name was removed is `?deleted:PATH`, one beyond the task's root `?outside:PATH`, by the path that we see. A path that is
 * none of the launch's view is `?in:ORIGIN//PATH`: canonical paths have no two slashes in a row.
 */
export function pathText(found: Found): string {
  const text = escapeBytes(found.path);
  if (text.startsWith("/")) {
    const placed = found.origin === undefined ? text : withOrigin(found, found.origin);
    if (found.standing === "here") return placed;
    if (found.standing === "outside") return found.origin === undefined ? `?outside:${text}` : placed;
    if (found.origin === undefined && text.startsWith("/memfd:") && found.stat.nlink === 0) return text.slice(1);
    // A file that was made without a name (O_TMPFILE) is shown by its inode number.
    return `?deleted:${placed.replace(/\/#\d+$/, "/#unnamed")}`;
  }
  const kind = /^(pipe|socket|anon_inode|[a-z_]+):/.exec(text)?.[1];
  if (kind === undefined) return `?unnamed:${text}`;
  if (kind === "anon_inode") return `anon:${text.slice("anon_inode:".length).replace(/^\[(.*)\]$/, "$1")}`;
  return kind === "pipe" || kind === "socket" ? `${kind}:` : `ns:${kind}`;
}

function withOrigin({ path }: Found, { directory, rest }: Origin): string {
  const below = escapeBytes(path.subarray(path.length - rest));
  return `?in:${directory}//${below.startsWith("/") ? below.slice(1) : below}`;
}

/** The path of a name in a directory. */
export function nameIn(directory: string, name: string): string {
  return directory.endsWith("/") ? directory + name : `${directory}/${name}`;
}

/**
 * Device, inode, birth time, ctime and size of a file, in hexadecimal; undefined where they could be made up: of what is no
 * regular file on a block device. They tell its content if they are a `lastingVersion`.
 */
export function fileVersion(path: string): string | undefined {
  const stat = new Stat();
  if (statx(AT_FDCWD, Buffer.from(`${path}\0`), 0, STATX_MASK, stat.bytes) < 0) return undefined;
  const version = Buffer.alloc(48);
  stat.putVersion(version, 0);
  return stat.isRegular && stat.isOnBlockDevice ? version.toString("hex") : undefined;
}

/** The same where nothing can write to the file at this moment, so that another content will have another version. */
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
