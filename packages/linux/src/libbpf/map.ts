/** A BPF map by its descriptor: values of a fixed size under keys of a fixed size, as raw bytes. */
import { lastErrno, libbpf } from "../abi/libbpf.ts";
import { close } from "../abi/libc.ts";
import { ENOENT, EPERM } from "../abi/errno.ts";
import { LinuxError } from "../error.ts";

/** `BPF_ANY` and `BPF_NOEXIST` */
const ANY = 0n;
const NO_EXIST = 1n;
/** Number of bytes passed of `struct bpf_map_create_opts` (libbpf's bpf.h), and the offset of the flags. */
const CREATE_OPTIONS = 40;
const CREATE_FLAGS = 28;

const NO_DESCRIPTOR = -1;

/** The map types that are created here (`enum bpf_map_type`, linux/bpf.h). */
export const mapTypes = { hash: 1, perProcessorArray: 6, ring: 27 } as const;
/** `BPF_F_NO_PREALLOC` */
export const NO_PREALLOCATION = 1;

/** The parameters of a new map. A ring has neither keys nor values; its size is given in bytes. */
export interface MapShape {
  readonly type: keyof typeof mapTypes;
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly entries: number;
  readonly flags: number;
}

/** Used for root, too: the sensor itself may have no permission. */
export function kept(what: string): LinuxError {
  return new LinuxError(
    "bpf-kept",
    `${what} (EPERM), as inside a namespace of the bpf sensor, whatever its contour says; run this outside`,
  );
}

/** A descriptor of whatever is pinned at a path, or a negative errno. The caller closes it. */
export function openPinned(path: string): number {
  return calls().bpf_obj_get(path) as number;
}

export class BpfMap {
  readonly name: string;
  /** None once it is closed: the number may be that of another map by then, and so every use fails. */
  fd: number;

  constructor(name: string, fd: number) {
    this.name = name;
    this.fd = fd;
  }

  /** Creates a map. The caller closes it. */
  static create(name: string, { type, keyBytes, valueBytes, entries, flags }: MapShape): BpfMap {
    const options = Buffer.alloc(CREATE_OPTIONS);
    options.writeBigUInt64LE(BigInt(CREATE_OPTIONS), 0);
    options.writeUInt32LE(flags, CREATE_FLAGS);
    const fd = calls().bpf_map_create(mapTypes[type], name, keyBytes, valueBytes, entries, options) as number;
    if (fd < 0) throw new LinuxError("bpf-unavailable", `the kernel cannot create the BPF map ${name} (errno ${-fd})`);
    return new BpfMap(name, fd);
  }

  /** The map that is pinned at a path. The caller closes it. */
  static pinned(name: string, path: string): BpfMap {
    const fd = calls().bpf_obj_get(path) as number;
    if (fd === -EPERM) throw kept(`the BPF map at ${path} cannot be opened`);
    if (fd < 0) throw new LinuxError("bpf-unavailable", `the BPF map at ${path} cannot be opened (errno ${-fd})`);
    return new BpfMap(name, fd);
  }

  /** The map with a kernel id; undefined if it does not exist any more. The caller closes it. */
  static numbered(name: string, number: number): BpfMap | undefined {
    const fd = calls().bpf_map_get_fd_by_id(number) as number;
    return fd < 0 ? undefined : new BpfMap(name, fd);
  }

  /** Whether the kernel has no map with this id any more. */
  static isGone(number: number): boolean {
    const fd = calls().bpf_map_get_fd_by_id(number) as number;
    if (fd >= 0) close(fd);
    return fd === -ENOENT;
  }

  /** The kernel's id of the map. */
  get number(): number {
    return numberOf(this.fd);
  }

  /** Size of its values (`struct bpf_map_info`). */
  get valueBytes(): number {
    return informationOf(this.fd).readUInt32LE(12);
  }

  /** Reads the value of a key into `value`; false if the key does not exist. */
  lookup(key: Buffer, value: Buffer): boolean {
    return (calls().bpf_map_lookup_elem(this.fd, key, value) as number) === 0;
  }

  /** Sets the value of a key; false if the map is full. */
  update(key: Buffer, value: Buffer): boolean {
    return (calls().bpf_map_update_elem(this.fd, key, value, ANY) as number) === 0;
  }

  /** Sets the value of a key that does not exist; false if it does, or if the map is full. */
  add(key: Buffer, value: Buffer): boolean {
    return (calls().bpf_map_update_elem(this.fd, key, value, NO_EXIST) as number) === 0;
  }

  /** Removes a key; false if it did not exist. */
  delete(key: Buffer): boolean {
    return (calls().bpf_map_delete_elem(this.fd, key) as number) === 0;
  }

  /** All keys, each of this size. If a key is removed meanwhile, the kernel starts again, so at most `limit` keys are returned. */
  keys(bytes: number, limit: number): Buffer[] {
    const keys = new Map<string, Buffer>();
    let last: Buffer | null = null;
    for (let step = 0; step < 2 * limit && keys.size < limit; step++) {
      const next = Buffer.alloc(bytes);
      if ((calls().bpf_map_get_next_key(this.fd, last, next) as number) !== 0) break;
      keys.set(next.toString("latin1"), next);
      last = next;
    }
    return [...keys.values()];
  }

  close(): void {
    close(this.fd);
    this.fd = NO_DESCRIPTOR;
  }
}

/** `struct bpf_map_info` and `struct bpf_prog_info` both begin with the type and the number (linux/bpf.h). */
export function numberOf(fd: number): number {
  return informationOf(fd).readUInt32LE(4);
}

/** The beginning of what the kernel tells about a map or a program. */
export function informationOf(fd: number): Buffer {
  const info = Buffer.alloc(256);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(info.length);
  if ((calls().bpf_obj_get_info_by_fd(fd, info, length) as number) < 0)
    throw new LinuxError(
      "bpf-unavailable",
      `the kernel does not return the id of a BPF map or program (errno ${lastErrno()})`,
    );
  return info;
}

/** libbpf's functions. They are loaded: a map can only be obtained through them. */
export function calls(): Exclude<ReturnType<typeof libbpf>, string> {
  const found = libbpf();
  if (typeof found === "string") throw new LinuxError("bpf-unavailable", `libbpf cannot be loaded (${found})`);
  return found;
}
