/** A used file as the seccomp sensor sees it: through the O_PATH descriptor that the call was resolved to. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { ioctl, fstatfs, getxattr, setxattr } from "../../abi/libc.ts";
import { terminated } from "../../abi/bytes.ts";
import type { FileKnowledge } from "./knowledge.ts";
import { withReadable } from "./reading.ts";
import type { UsedFile } from "../inspection.ts";
import type { Found } from "./found.ts";
import { measureVerity, type VerityDigest } from "./verity.ts";

const ENODATA = 61;
const EOPNOTSUPP = 95;
const ERANGE = 34;
/** XATTR_SIZE_MAX (linux/limits.h). */
const MAX_ATTRIBUTE = 65_536;
/** `_IOR(0x15, 0, struct fsuuid2)` (linux/fs.h), since Linux 6.9. */
const FS_IOC_GETFSUUID = 0x8011_1500;

/** One instance is reused: `of` sets it to another file. */
export class SensedFile implements UsedFile {
  readonly #files: FileKnowledge;
  readonly #statfs: Buffer = Buffer.alloc(120);
  readonly #value: Buffer = Buffer.alloc(4096);
  readonly #version: Buffer = Buffer.alloc(48);
  #found: Found | undefined;
  #path: Buffer | undefined;
  /**
   * Cached for this file only. Numbers of mounts and devices are reused, and a workload that may mount could make one of its
   * file systems look like another.
   */
  #magic: number | undefined;
  #type: { readonly name: string | undefined } | undefined;
  #uuid: { readonly text: string | undefined } | undefined;
  #tid = 0;
  #moments = 0;

  constructor(files: FileKnowledge) {
    this.#files = files;
  }

  /** `path` is given if the task's own path differs from the one by which the file was found. */
  of(found: Found, { tid }: { readonly tid: number }, path?: Buffer): UsedFile {
    this.#found = found;
    this.#path = path;
    this.#tid = tid;
    this.#magic = undefined;
    this.#type = undefined;
    this.#uuid = undefined;
    return this;
  }

  get path(): Buffer {
    return this.#path ?? this.#at.path;
  }
  get device(): number {
    return this.#at.stat.device;
  }
  get inode(): number {
    return this.#at.stat.inode;
  }
  get uid(): number {
    return this.#at.stat.uid;
  }
  get gid(): number {
    return this.#at.stat.gid;
  }
  get mode(): number {
    return this.#at.stat.mode;
  }
  get changedAt(): number {
    return this.#at.stat.changedAt;
  }
  get version(): string {
    if (this.#files.writersOf(this.#at) !== "none") return `once ${++this.#moments}`;
    this.#at.stat.putVersion(this.#version, 0);
    return this.#version.toString("latin1");
  }

  digest(algorithm: string): Buffer | "none" | "unknown" {
    if (this.#files.classOf(this.#at) !== "disk") return "none";
    const digest = this.#files.digestOf(this.#at, algorithm);
    return digest === undefined ? "unknown" : Buffer.from(digest, "hex");
  }

  content(most: number): Buffer | undefined {
    return this.#files.wholeOf(this.#at, most);
  }

  attribute(name: string): Buffer | "none" | "unsupported" | number {
    const path = this.#ownPath();
    let length = getxattr(path, terminated(name), this.#value);
    let value = this.#value;
    if (length === -ERANGE) {
      value = Buffer.alloc(MAX_ATTRIBUTE);
      length = getxattr(path, terminated(name), value);
    }
    if (length >= 0) return Buffer.from(value.subarray(0, length));
    return length === -ENODATA ? "none" : length === -EOPNOTSUPP ? "unsupported" : -length;
  }

  setAttribute(name: string, value: Buffer): number {
    return setxattr(this.#ownPath(), terminated(name), value);
  }

  verity(): VerityDigest | undefined {
    return withReadable(this.#at.fd, measureVerity);
  }

  filesystemMagic(): number {
    this.#magic ??= fstatfs(this.#at.fd, this.#statfs) < 0 ? 0 : this.#statfs.readUInt32LE(0);
    return this.#magic;
  }

  filesystemType(): string | undefined {
    this.#type ??= { name: mountedType(this.#tid, (id) => id === this.#at.stat.mountId) };
    return this.#type.name;
  }

  filesystemUuid(): string | undefined {
    this.#uuid ??= { text: uuidByDescriptor(this.#at.fd) ?? uuidByDevice(this.device) };
    return this.#uuid.text;
  }

  get #at(): Found {
    return this.#found as Found;
  }

  /** Extended attributes cannot be read from an O_PATH descriptor, only through the path of it. */
  #ownPath(): Buffer {
    return terminated(`/proc/self/fd/${this.#at.fd}`);
  }
}

/**
 * First field after the dash of a line of mountinfo (proc_pid_mountinfo(5)): of the first mount with that id, which is the same
 * in every namespace, or of that device.
 */
function mountedType(tid: number, isIt: (id: number, device: string) => boolean): string | undefined {
  for (const who of ["self", String(tid)]) {
    try {
      const line = readFileSync(`/proc/${who}/mountinfo`, "latin1")
        .split("\n")
        .find((each) => {
          const [id, , device] = each.split(" ");
          return isIt(Number(id), device ?? "");
        });
      const type = line?.split(" - ")[1]?.split(" ")[0];
      if (type !== undefined) return type;
    } catch {
      // The task has ended or may not be inspected: the type is unknown.
    }
  }
  return undefined;
}

function uuidByDescriptor(fd: number): string | undefined {
  return withReadable(fd, (readable) => {
    const argument = Buffer.alloc(17);
    if (ioctl(readable, FS_IOC_GETFSUUID, argument) < 0 || argument[0] !== 16) return undefined;
    const hex = argument.toString("hex", 1);
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  });
}

/** The type of the file system of a device, if the task's mounts show it; `device` as in `Stat`. */
export function typeByDevice(device: number, tid: number): string | undefined {
  const text = `${Math.floor(device / 2 ** 20)}:${device % 2 ** 20}`;
  return mountedType(tid, (_, each) => each === text);
}

/** udev names block devices by the UUID of their file systems. */
export function uuidByDevice(device: number): string | undefined {
  const directory = "/dev/disk/by-uuid";
  try {
    const name = deviceName(device);
    return readdirSync(directory).find((uuid) => readlinkSync(`${directory}/${uuid}`).endsWith(`/${name}`));
  } catch {
    return undefined;
  }
}

/** The name of a block device in /sys/dev/block; `device` as in `Stat`. */
export function deviceName(device: number): string | undefined {
  try {
    const target = readlinkSync(`/sys/dev/block/${Math.floor(device / 2 ** 20)}:${device % 2 ** 20}`);
    return target.slice(target.lastIndexOf("/") + 1);
  } catch {
    return undefined;
  }
}
