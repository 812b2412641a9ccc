/**
 * Finds which of some processes hold a file open, and how: by a descriptor or by a mapping.
 *
 * Descriptors are inherited and passed, and closing one is not an event, so the kernel has to be read. That costs a look at
 * every descriptor of every process, and is done only in the rare case that a file is both read and written.
 */
import { lstatSync, readdirSync, readFileSync, statSync } from "node:fs";

export interface Holders {
  readonly readers: boolean;
  readonly writers: boolean;
}

interface HeldFile {
  /** `major:minor` packed as in `Stat`. */
  readonly device: number;
  readonly inode: number;
}

const O_ACCMODE = 3;
const O_PATH = 0o10000000;

/** Examines the processes. One that has ended, or may not be inspected, is skipped. */
export function holdersOf(file: HeldFile, pids: Iterable<number>): Holders {
  let readers = false;
  let writers = false;
  for (const pid of pids) {
    for (const flags of descriptorsOn(file, pid)) {
      if ((flags & O_PATH) !== 0) continue;
      const mode = flags & O_ACCMODE;
      readers ||= mode === 0;
      writers ||= mode === 1 || mode === 2;
    }
    for (const permissions of mappingsOf(file, pid)) {
      const isShared = permissions.endsWith("s");
      writers ||= isShared && permissions[1] === "w";
      readers ||= !(isShared && permissions[1] === "w");
    }
  }
  return { readers, writers };
}

/** The device and inode of a file, as they are told apart here. */
export function fileIdentity(path: string): HeldFile {
  const stat = lstatSync(path, { bigint: true });
  return { device: packed(stat.dev), inode: Number(stat.ino) };
}

/** Whether one of the processes executes the file: an executing file cannot be opened for writing (ETXTBSY). */
export function isRunning(file: HeldFile, pids: Iterable<number>): boolean {
  for (const pid of pids) {
    if (isSame(`/proc/${pid}/exe`, file)) return true;
  }
  return false;
}

function descriptorsOn(file: HeldFile, pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/fd`)
      .filter((fd) => isSame(`/proc/${pid}/fd/${fd}`, file))
      .map((fd) => flagsOf(pid, fd));
  } catch {
    return [];
  }
}

function flagsOf(pid: number, fd: string): number {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "latin1"))?.[1];
    return flags === undefined ? O_PATH : Number.parseInt(flags, 8);
  } catch {
    return O_PATH;
  }
}

/** Permissions of its mappings, as `rw-s`: the second field of a line of /proc/PID/maps; device and inode are the fourth and fifth. */
function mappingsOf({ device, inode }: HeldFile, pid: number): string[] {
  const major = Math.floor(device / 2 ** 20);
  const minor = device % 2 ** 20;
  const where = `${major.toString(16).padStart(2, "0")}:${minor.toString(16).padStart(2, "0")} ${inode} `;
  try {
    return readFileSync(`/proc/${pid}/maps`, "latin1")
      .split("\n")
      .filter((line) => line.split(" ").slice(3, 5).join(" ") === where.trim())
      .map((line) => line.split(" ")[1] ?? "");
  } catch {
    return [];
  }
}

function isSame(path: string, { device, inode }: HeldFile): boolean {
  try {
    const stat = statSync(path, { bigint: true });
    return stat.ino === BigInt(inode) && packed(stat.dev) === device;
  } catch {
    return false;
  }
}

/** The kernel's encoding of a device number for user space (linux/kdev_t.h, new_encode_dev and huge_encode_dev). */
function packed(dev: bigint): number {
  const major = Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn));
  const minor = Number((dev & 0xffn) | ((dev >> 12n) & ~0xffn & 0xffff_ffffn));
  return major * 2 ** 20 + minor;
}
