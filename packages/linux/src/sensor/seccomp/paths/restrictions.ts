/** Whether the RESOLVE flags of a task's own `openat2` permit a path, where they only refuse; and paths from another root. */
import { ELOOP, EXDEV } from "../../../abi/errno.ts";
import { close } from "../../../abi/libc.ts";
import {
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from "../../../abi/stat.ts";
import { Found } from "../../files/found.ts";
import type { Origins } from "./origins.ts";
import type { Places } from "./places.ts";

const SLASH = 0x2f;
/** linux/limits.h, with the NUL. */
const PATH_MAX = 4096;

/** Opens a path with the rights of the task and these RESOLVE flags; a descriptor, or a negative errno. */
export type OpenAsTask = (start: number, path: Buffer, resolve: number) => number;

/** A negative errno: with it the kernel refuses the path. `untold`: if anything is found there, the kernel may refuse it. */
export type Permitted = number | "permitted" | "untold";

export interface Way {
  readonly open: OpenAsTask;
  readonly places: Places;
  /** Of no importance for an absolute path. */
  readonly start: number;
  readonly path: Buffer;
  /** The path from the root in which the task is; undefined if there is none. */
  readonly absolute: (start: number) => Buffer | undefined;
}

/** `asked`: RESOLVE_NO_XDEV, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS. */
export function permits({ open, places, start, path, absolute }: Way, asked: number): Permitted {
  const look = (from: number, way: Buffer, more: number): number => {
    const fd = open(from, way, asked | more);
    if (fd >= 0) close(fd);
    return Math.min(fd, 0);
  };
  const isInRoot = places.root >= 0;
  const isMoved = isInRoot && path[0] !== SLASH;
  // A path that stays below its start is the same in each root.
  if (isMoved && look(start, path, RESOLVE_BENEATH) === 0) return "permitted";
  const whole = isMoved ? absolute(start) : path;
  // From the root to the start another mount may be entered.
  if (whole === undefined || (isMoved && (asked & RESOLVE_NO_XDEV) !== 0)) return "untold";
  const result = look(isInRoot ? places.root : start, whole, RESOLVE_NO_MAGICLINKS | (isInRoot ? RESOLVE_IN_ROOT : 0));
  if (result === 0) return "permitted";
  if (result === -EXDEV) return result;
  const isForLink = result === -ELOOP && (asked & (RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)) !== 0;
  return isForLink ? result : "untold";
}

/**
 * In another root, a relative path is made absolute: resolution "in root" has no second starting point. Undefined if the
 * result would be another path: its start lies outside the root or in other mounts, was removed, or has no text that is short
 * enough.
 */
export function absoluteFrom(
  origins: Origins,
  places: Places,
  start: number,
  path: Buffer,
  length: number,
): Buffer | undefined {
  const directory = new Found();
  const result = directory.adopt(start, places);
  directory.fd = -1;
  if (result < 0 || directory.standing !== "here" || directory.path[0] !== SLASH) return undefined;
  if (!origins.isBelow(directory, places)) return undefined;
  if (directory.path.length + 1 + length >= PATH_MAX) return undefined;
  return Buffer.concat([directory.path, Buffer.of(SLASH), path.subarray(0, length), Buffer.of(0)]);
}
