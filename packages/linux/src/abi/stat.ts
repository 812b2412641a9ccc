/** `struct statx` (linux/stat.h) and the open flags that go with it. */

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_EACCESS = 0x200;
export const AT_REMOVEDIR = 0x200;
export const AT_SYMLINK_FOLLOW = 0x400;
export const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;
const STATX_BTIME = 0x800;
const STATX_MNT_ID = 0x1000;
const STATX_ATTR_MOUNT_ROOT = 0x2000;
export const STATX_MASK = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;

export const O_WRONLY = 0o1;
export const O_RDONLY = 0;
export const O_RDWR = 0o2;
export const O_ACCMODE = 0o3;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_TRUNC = 0o1000;
export const O_APPEND = 0o2000;
export const O_NONBLOCK = 0o4000;
export const O_DIRECTORY = 0o200000;
export const O_NOFOLLOW = 0o400000;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;
/** `O_TMPFILE` without the `O_DIRECTORY` bit that is always set with it. */
export const O_TMPFILE_BIT = 0o20000000;

export const RESOLVE_NO_XDEV = 0x01;
export const RESOLVE_NO_MAGICLINKS = 0x02;
export const RESOLVE_NO_SYMLINKS = 0x04;
export const RESOLVE_BENEATH = 0x08;
export const RESOLVE_IN_ROOT = 0x10;
export const RESOLVE_CACHED = 0x20;

export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;

/** One `struct statx`, read in place: a field is decoded when it is read, nothing is copied. */
export class Stat {
  readonly bytes: Buffer = Buffer.alloc(256);
  readonly #words = new Uint32Array(this.bytes.buffer, this.bytes.byteOffset, 64);

  /** When it was made, in hexadecimal (`stx_btime`): zeros where the file system does not know. */
  get born(): string {
    return this.bytes.toString("hex", 80, 92);
  }
  get nlink(): number {
    return this.#words[4] as number;
  }
  get uid(): number {
    return this.#words[5] as number;
  }
  get gid(): number {
    return this.#words[6] as number;
  }
  get mode(): number {
    return (this.#words[7] as number) & 0xffff;
  }
  get inode(): number {
    return (this.#words[8] as number) + (this.#words[9] as number) * 2 ** 32;
  }
  get size(): number {
    return (this.#words[10] as number) + (this.#words[11] as number) * 2 ** 32;
  }
  get kind(): number {
    return this.mode & S_IFMT;
  }
  get isDirectory(): boolean {
    return this.kind === S_IFDIR;
  }
  get isRegular(): boolean {
    return this.kind === S_IFREG;
  }
  get isCharacterDevice(): boolean {
    return this.kind === S_IFCHR;
  }
  get isSymlink(): boolean {
    return this.kind === S_IFLNK;
  }
  /** The last change of content or attributes, in whole seconds since 1970. */
  get changedAt(): number {
    return (this.#words[24] as number) + (this.#words[25] as number) * 2 ** 32;
  }
  /** The same in milliseconds. */
  get changedAtMilliseconds(): number {
    return this.changedAt * 1000 + (this.#words[26] as number) / 1e6;
  }
  /** When the file was made, in milliseconds since 1970; undefined if its file system does not say. */
  get bornAtMilliseconds(): number | undefined {
    if (((this.#words[0] as number) & STATX_BTIME) === 0) return undefined;
    return (
      ((this.#words[20] as number) + (this.#words[21] as number) * 2 ** 32) * 1000 + (this.#words[22] as number) / 1e6
    );
  }
  /** Device of the file system, `major:minor` packed into one number. */
  get device(): number {
    return (this.#words[34] as number) * 2 ** 20 + (this.#words[35] as number);
  }
  /** Device number of a device node. */
  get rdev(): string {
    return `${this.#words[32]}:${this.#words[33]}`;
  }
  /** Whether it is what a mount begins with, as a file is that another one is mounted on (STATX_ATTR_MOUNT_ROOT, linux/stat.h). */
  get isMountRoot(): boolean {
    return ((this.#words[2] as number) & STATX_ATTR_MOUNT_ROOT) !== 0;
  }
  get mountId(): number {
    return (this.#words[36] as number) + (this.#words[37] as number) * 2 ** 32;
  }
  /** Whether the kernel itself maintains stx_dev, ctime and the other fields; file systems with anonymous numbers (major 0) may not. */
  get isOnBlockDevice(): boolean {
    return this.bytes.readUInt32LE(136) !== 0;
  }
  /**
   * Writes the values of which at least one changes whenever the content may have changed: device, inode, birth time, ctime,
   * size (48 bytes).
   */
  putVersion(out: Buffer, at: number): number {
    this.bytes.copy(out, at, 136, 144); // stx_dev
    this.bytes.copy(out, at + 8, 32, 48); // stx_ino, stx_size
    this.bytes.copy(out, at + 24, 80, 92); // stx_btime
    this.bytes.copy(out, at + 36, 96, 108); // stx_ctime
    return at + 48;
  }
}
