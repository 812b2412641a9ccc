/** The way to a file: each folder and link that leads to it. Who can change one decides which file is found (path_resolution(7)). */
import { lstatSync, readlinkSync, statSync, type Stats } from "node:fs";
import { dirname, join, resolve } from "node:path";

const OTHERS_MAY_WRITE = 0o022;
/** Only owners may rename and remove in such a folder (inode(7)). */
const STICKY = 0o1000;
/** As many as the kernel follows (path_resolution(7)). */
const MOST_LINKS = 40;

export interface Place {
  readonly path: string;
  readonly uid: number;
  /** With its permissions alone. */
  readonly mode: number;
}

/**
 * The first folder or link on the way to a path that another user than root and this one could put something else in the place of;
 * undefined where there is none. The end of the way is looked at as well where it is a folder or a link. What is missing is not looked at.
 *
 * @internal
 */
export function unsafeOnWay(path: string): Place | undefined {
  const left = partsOf(resolve(path));
  let folder = "/";
  for (let links = 0; ; ) {
    const there = statSync(folder);
    const isOpen = (there.mode & OTHERS_MAY_WRITE) !== 0;
    if (!isOurs(there) || (isOpen && (there.mode & STICKY) === 0)) return placeOf(folder, there);
    const name = left.shift();
    if (name === undefined) return undefined;
    if (name === "..") folder = dirname(folder);
    if (name === "." || name === "..") continue;
    const next = join(folder, name);
    const found = lookedAt(next);
    if (found?.isSymbolicLink() === true) {
      if (isOpen && !isOurs(found)) return placeOf(next, found);
      // The kernel does not go further either.
      if (++links > MOST_LINKS) return undefined;
      const target = readlinkSync(next);
      left.unshift(...partsOf(target));
      if (target.startsWith("/")) folder = "/";
    } else if (found?.isDirectory() === true) folder = next;
    else return undefined;
  }
}

/** Undefined also for what this user may not look at, and cannot open then. */
function lookedAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

const partsOf = (path: string) => path.split("/").filter((part) => part !== "");
const isOurs = ({ uid }: Stats) => uid === 0 || uid === (process.geteuid?.() ?? 0);
const placeOf = (path: string, { uid, mode }: Stats): Place => ({ path, uid, mode: mode & 0o7777 });
