/** Whether only root can write to a file, and change the names on a way to it. */
import { EMPTY, openHow, terminated } from "../../abi/bytes.ts";
import { close, openat2, statx } from "../../abi/libc.ts";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  O_CLOEXEC,
  O_NOFOLLOW,
  O_PATH,
  RESOLVE_NO_MAGICLINKS,
  Stat,
  STATX_MASK,
} from "../../abi/stat.ts";

/** Of group and others. Where there is an ACL, the bits of the group are its mask: no entry of it grants more (acl(5)). */
const OTHERS_MAY_WRITE = 0o022;
const SLASH = 0x2f;
const ROOT: Buffer = terminated("/");
const step = openHow(O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, RESOLVE_NO_MAGICLINKS);

/** Whether owner and mode of a file or directory let only root write. */
export function isRootAlone({ uid, mode }: Stat): boolean {
  return uid === 0 && (mode & OTHERS_MAY_WRITE) === 0;
}

/**
 * Follows an absolute path without links, as this process sees it. If it leads to the very file, and only root can write to that and
 * to every directory on the way, returns an O_PATH descriptor of the topmost of these on the file's own file system; otherwise
 * undefined.
 */
export function topOfRootsWay(path: Buffer, file: Stat): number | undefined {
  if (path[0] !== SLASH) return undefined;
  const way: number[] = [];
  const devices: number[] = [];
  const stat = new Stat();
  try {
    for (const name of [ROOT, ...namesIn(path)]) {
      const fd = openat2(way.at(-1) ?? AT_FDCWD, name, step);
      if (fd < 0) return undefined;
      way.push(fd);
      if (statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, stat.bytes) < 0 || !isRootAlone(stat)) return undefined;
      devices.push(stat.device);
    }
    if (!stat.isRegular || stat.device !== file.device || stat.inode !== file.inode) return undefined;
    const top = devices.findLastIndex((device) => device !== file.device) + 1;
    return way.splice(top, 1)[0];
  } finally {
    for (const fd of way) close(fd);
  }
}

/** NUL-terminated, without the empty ones. */
function namesIn(path: Buffer): Buffer[] {
  const names: Buffer[] = [];
  for (let start = 1; start < path.length; ) {
    const slash = path.indexOf(SLASH, start);
    const end = slash < 0 ? path.length : slash;
    if (end > start) names.push(Buffer.concat([path.subarray(start, end), Buffer.of(0)]));
    start = end + 1;
  }
  return names;
}
