/**
 * The mounts of one mount namespace, read from `/proc/PID/mountinfo` (proc_pid_mountinfo(5)): the mount that a path leads to,
 * and the path under which an object of a file system is shown.
 *
 * The file is held open: `poll` reports whether a mount was made, moved or removed since the last read (fs/proc_namespace.c,
 * mounts_poll). Paths are raw bytes as Latin-1 text, relative to the root of the process whose file it is.
 */
import { close, openat2, pollNow, pread } from "../../abi/libc.ts";
import { openHow, terminated } from "../../abi/bytes.ts";
import { AT_FDCWD, O_CLOEXEC } from "../../abi/stat.ts";

export interface Mount {
  readonly id: number;
  readonly parent: number;
  /** Device of the file system, packed as in `Stat`. */
  readonly device: number;
  /** The directory of the file system that is mounted. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly source: string;
}

const READ = openHow(O_CLOEXEC, 0, 0);
const POLLERR = 8;
const CHUNK = 65_536;
/** 100 000 mounts (fs.mount-max) of ordinary lines fit. */
const MOST_BYTES = 1 << 25;

/** The mounts at one moment. */
export class Mounts {
  readonly #byId: ReadonlyMap<number, Mount>;
  readonly #children = new Map<number, Mount[]>();

  constructor(text: string) {
    this.#byId = parseMounts(text);
    for (const mount of this.#byId.values()) {
      const siblings = this.#children.get(mount.parent);
      if (siblings) siblings.push(mount);
      else this.#children.set(mount.parent, [mount]);
    }
  }

  get all(): Iterable<Mount> {
    return this.#byId.values();
  }

  get(id: number): Mount | undefined {
    return this.#byId.get(id);
  }

  /** The mount that a canonical path leads to, starting at the mount of the root: the nearest mount point on the way, repeatedly. */
  at(path: string, rootMount: number): number {
    let id = rootMount;
    for (let steps = 0; steps <= this.#byId.size; steps++) {
      // A process that starts at a root stays below whatever was mounted over that root afterwards.
      const next = nearest(this.#children.get(id), path, id === rootMount ? "" : this.#byId.get(id)?.point);
      if (next === undefined) return id;
      id = next.id;
    }
    return id;
  }
}

export class MountFile {
  readonly #fd: number;
  #isRead = false;

  /** `path` is `/proc/self/mountinfo` or another process's. A process that has ended, or that may not be inspected, has no mounts. */
  constructor(path: string) {
    this.#fd = openat2(AT_FDCWD, terminated(path), READ);
  }

  /** The mounts, if they have changed since the last call. */
  changed(): Mounts | undefined {
    // Polled before the file is read: a change during the read is reported the next time.
    const isOther = this.#fd >= 0 && (pollNow(this.#fd, 0) & POLLERR) !== 0;
    if (this.#isRead && !isOther) return undefined;
    this.#isRead = true;
    return new Mounts(this.text());
  }

  close(): void {
    if (this.#fd >= 0) close(this.#fd);
  }

  /** The whole text, as the kernel writes it. */
  text(): string {
    const parts: Buffer[] = [];
    for (let offset = 0; this.#fd >= 0 && offset < MOST_BYTES; ) {
      const part = Buffer.allocUnsafe(CHUNK);
      const got = pread(this.#fd, part, offset);
      if (got <= 0) break;
      parts.push(part.subarray(0, got));
      offset += got;
    }
    return Buffer.concat(parts).toString("latin1");
  }
}

/** One of the mounts that a process sees now. Its file is not held open: that would keep the mount namespace of a dead process. */
export function mountSeenBy(pid: number, id: number): Mount | undefined {
  const file = new MountFile(`/proc/${pid}/mountinfo`);
  const text = `\n${file.text()}`;
  file.close();
  const start = text.indexOf(`\n${id} `) + 1;
  return start === 0 ? undefined : parseMounts(text.slice(start, text.indexOf("\n", start))).get(id);
}

/** The next mount on the way of a path, among the children of one mount; `above` is that mount's own mount point, "" for the root. */
function nearest(mounts: readonly Mount[] | undefined, path: string, above: string | undefined): Mount | undefined {
  let found: Mount | undefined;
  for (const mount of mounts ?? []) {
    if (mount.point === "/" && above === "") continue;
    // A mount on the root of its parent covers the parent completely.
    if (mount.point === above) return mount;
    if (isWithin(path, mount.point) && (found === undefined || mount.point.length < found.point.length)) found = mount;
  }
  return found;
}

/** Whether a canonical path is a directory or lies in it. */
export function isWithin(path: string, directory: string): boolean {
  if (directory === "/") return path.startsWith("/");
  return path.startsWith(directory) && (path.length === directory.length || path[directory.length] === "/");
}

/** The part of a path below a directory that contains it: "" for the directory itself, otherwise it begins with a slash. */
export function below(path: string, directory: string): string {
  if (directory === "/") return path === "/" ? "" : path;
  return path.slice(directory.length);
}

/** A directory, with a path below it appended. */
export function joined(directory: string, rest: string): string {
  if (rest === "") return directory;
  return directory === "/" ? rest : directory + rest;
}

/** Lines in another form than the kernel writes are left out: nothing is then known about that mount. */
function parseMounts(text: string): Map<number, Mount> {
  const mounts = new Map<number, Mount>();
  for (const line of text.split("\n")) {
    const fields = /^(\d+) (\d+) (\d+):(\d+) (\S+) (\S+) \S+ (?:\S+ )*?- (\S+) (\S*) /.exec(line);
    if (!fields) continue;
    const [, id, parent, major, minor, root, point, type, source] = fields as unknown as readonly string[];
    mounts.set(Number(id), {
      id: Number(id),
      parent: Number(parent),
      device: Number(major) * 2 ** 20 + Number(minor),
      root: plain(root as string),
      point: plain(point as string),
      type: plain(type as string),
      source: plain(source as string),
    });
  }
  return mounts;
}

/** Spaces, tabs, line ends and backslashes are written in octal (fs/seq_file.c, mangle_path). */
function plain(text: string): string {
  return text.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
