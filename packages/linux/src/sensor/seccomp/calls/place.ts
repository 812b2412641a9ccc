/** Where a file is about to be created: the canonical path of a directory and a new name in it. */
import { EACCES, EAGAIN, ELOOP, ENOENT, ENOTDIR } from "../../../abi/errno.ts";
import { readlinkat } from "../../../abi/libc.ts";
import { AT_FDCWD } from "../../../abi/stat.ts";
import { EMPTY } from "../../../abi/bytes.ts";
import type { Context } from "../context.ts";
import { nameIn, pathText } from "../../files/knowledge.ts";
import { Found } from "../../files/found.ts";
import { EXECUTE, WRITE } from "../../words/access.ts";
import type { Thread } from "../tasks/process.ts";
import { escapeBytes } from "@isoline/core/event";

/**
 * The canonical path of the new name, the mount it is on, and the errno if the thread may not create it there; or the reason
 * why it could not be determined.
 */
export type Place =
  | { readonly path: string; readonly mount: number; readonly refusal: number }
  | { readonly error: number };

const SLASH = 0x2f;

/**
 * Finds the place of a name that does not exist. `followLast`: a dangling symlink there leads on to its target, as for
 * `open(O_CREAT)`; otherwise it counts as existing, and the caller must have checked before.
 */
export function findPlace(
  context: Context,
  thread: Thread,
  dirfd: number,
  path: Buffer,
  length: number,
  followLast: boolean,
  resolve = 0,
): Place {
  const target: { directory: number; path: Buffer } = { directory: dirfd, path: Buffer.from(path.subarray(0, length)) };
  for (let links = 0; links < 40; links++) {
    const place = placeOnce(context, thread, target.directory, target.path, followLast && links < 39, resolve);
    if (!("link" in place)) return place;
    // The target of such a link under the task's own RESOLVE flags is not determined: no program does that in good faith.
    if (resolve !== 0) return { error: -EAGAIN };
    // A dangling symlink: continue from the directory that holds it.
    target.path = place.link[0] === SLASH ? place.link : Buffer.concat([place.parent, Buffer.of(SLASH), place.link]);
    target.directory = AT_FDCWD;
  }
  return { error: -ELOOP };
}

type Step = Place | { readonly link: Buffer; readonly parent: Buffer };

function placeOnce(
  context: Context,
  thread: Thread,
  dirfd: number,
  path: Buffer,
  follow: boolean,
  resolve: number,
): Step {
  let end = path.length;
  while (end > 1 && path[end - 1] === SLASH) end -= 1;
  const slash = path.subarray(0, end).lastIndexOf(SLASH);
  const name = path.subarray(slash + 1, end);
  if (name.length === 0 || (name.length <= 2 && name.every((byte) => byte === 0x2e))) return { error: -ENOENT };
  // `open("new/", O_CREAT)` is refused whether the name exists or not.
  if (end < path.length && follow) return { error: -ENOTDIR };
  const parentPath = slash < 0 ? Buffer.from(".") : slash === 0 ? Buffer.from("/") : path.subarray(0, slash);

  const parent = new Found();
  const last = new Found();
  try {
    const terminatedParent = Buffer.concat([parentPath, Buffer.of(0)]);
    const result = context.finder.find(parent, thread, dirfd, terminatedParent, parentPath.length, true, resolve);
    if (result < 0) return { error: result };
    if (!parent.stat.isDirectory) return { error: -ENOTDIR };
    // Nothing can be created in a directory that was removed, even by a task whose working directory it is.
    if (parent.standing === "removed") return { error: -ENOENT };
    if (follow) {
      const full = Buffer.concat([path.subarray(0, end), Buffer.of(0)]);
      if (context.finder.find(last, thread, dirfd, full, end, false, resolve) >= 0 && last.stat.isSymlink) {
        const target = Buffer.alloc(4096);
        const size = readlinkat(last.fd, EMPTY, target);
        if (size <= 0) return { error: -EACCES };
        return { link: target.subarray(0, size), parent: Buffer.from(parent.path) };
      }
    }
    const directory = pathText(parent);
    const refusal = context.permissions.refusal(parent, WRITE | EXECUTE, thread);
    return { path: nameIn(directory, escapeBytes(name)), mount: parent.stat.mountId, refusal };
  } finally {
    parent.close();
    last.close();
  }
}
