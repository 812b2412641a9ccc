/**
 * The file systems as seen from one root: the launch's own, or that of a container. A path names an object in a view if it did
 * so when the view was taken; later mounts, moves and unmounts of the workload are not part of the view.
 */
import { close, openat2, statx } from "../../abi/libc.ts";
import { openHow, EMPTY } from "../../abi/bytes.ts";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  O_CLOEXEC,
  O_NOFOLLOW,
  O_PATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  Stat,
  STATX_MASK,
} from "../../abi/stat.ts";
import { below, isWithin, joined, type Mount, MountFile, Mounts } from "./mount-table.ts";

const PLAIN = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
const stay = openHow(O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, PLAIN);
const stayInRoot = openHow(O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, PLAIN | RESOLVE_IN_ROOT);
const END = Buffer.of(0);

/** The identity of the object that a path leads to. */
export interface Identified {
  readonly device: number;
  readonly inode: number;
}

export class View {
  /** Descriptor of the root, owned by the view from now on; AT_FDCWD for the supervisor's own root. */
  readonly #root: number;
  readonly #file: MountFile;
  readonly #rootMount: number;
  readonly #stat = new Stat();
  #now = new Mounts("");
  /** The mounts of the view; and those of them that have moved or are gone. */
  #then = this.#now;
  #displaced: ReadonlySet<number> = new Set();
  #isFrozen = false;

  /** `mounts` is the mountinfo file in /proc of a process with this very root. */
  constructor(root: number, mounts: string) {
    this.#root = root;
    this.#file = new MountFile(mounts);
    const [path, flags] = root === AT_FDCWD ? [Buffer.from("/\0"), 0] : [EMPTY, AT_EMPTY_PATH];
    this.#rootMount = statx(root, path, flags, STATX_MASK, this.#stat.bytes) < 0 ? -1 : this.#stat.mountId;
    this.#refresh();
  }

  /** Whether the workload was permitted to change mounts, so that a current path may not be one of the view. */
  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** The workload is about to be permitted to change mounts: the view keeps the current state. */
  freeze(): void {
    if (this.#isFrozen) return;
    this.#refresh();
    this.#isFrozen = true;
  }

  /** Whether a canonical path leads to this mount, as it did when the view was taken. */
  holds(path: string, mountId: number): boolean {
    this.#refresh();
    return this.#then.at(path, this.#rootMount) === mountId && !this.#displaced.has(mountId);
  }

  /** Whether a canonical path names this very object in the view. */
  shows(path: string, { device, inode }: Identified): boolean {
    const how = this.#root === AT_FDCWD ? stay : stayInRoot;
    const fd = openat2(this.#root, Buffer.concat([Buffer.from(path, "latin1"), END]), how);
    if (fd < 0) return false;
    const known = statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, this.#stat.bytes) >= 0;
    close(fd);
    if (!known || this.#stat.inode !== inode || this.#stat.device !== device) return false;
    return !this.#isFrozen || this.holds(path, this.#stat.mountId);
  }

  /** The path under which the view shows a path of a file system: `liked` if that is one, otherwise the shortest; undefined if none. */
  pathOf(device: number, path: string, liked: string): string | undefined {
    this.#refresh();
    const shown: string[] = [];
    for (const { id, device: other, root, point } of this.#then.all) {
      if (other !== device || !isWithin(path, root) || this.#displaced.has(id)) continue;
      const where = joined(point, below(path, root));
      // A mount on the way hides it.
      if (this.#then.at(where, this.#rootMount) === id) shown.push(where);
    }
    return shown.includes(liked) ? liked : shown.sort(byLength)[0];
  }

  /** A current mount of the view's namespace, whether or not the view has it. */
  mounted(id: number): Mount | undefined {
    this.#refresh();
    return this.#now.get(id);
  }

  close(): void {
    this.#file.close();
    if (this.#root >= 0) close(this.#root);
  }

  #refresh(): void {
    const now = this.#file.changed();
    if (!now) return;
    this.#now = now;
    if (!this.#isFrozen) {
      this.#then = now;
      return;
    }
    const moved = [...this.#then.all].filter(({ id, point, parent }) => {
      const mount = now.get(id);
      return mount?.point !== point || mount.parent !== parent;
    });
    this.#displaced = new Set([...this.#displaced, ...moved.map(({ id }) => id)]);
  }
}

function byLength(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}
