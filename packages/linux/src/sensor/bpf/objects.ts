/** The description of an object by the BPF programs, as the fields of an event. */
import { escapeBytes } from "@isoline/core/event";
import { classOfMagic, withOrigin } from "../files/knowledge.ts";
import { type SeenObject, standings } from "./record.ts";

/** Path, mode, owner and filesystem. */
export function describeObject(seen: SeenObject): { path: string; mode: number; uid: number; gid: number; fs: string } {
  return { path: pathTextOf(seen), mode: seen.mode, uid: seen.uid, gid: seen.gid, fs: classOfMagic(seen.magic) };
}

/** Canonical path as event text, in the words of the seccomp sensor (`pathText`). */
export function pathTextOf(seen: SeenObject): string {
  const text = escapeBytes(seen.path);
  const placed = seen.origin === undefined ? text : withOrigin(seen, seen.origin);
  switch (seen.standing) {
    case standings.here:
      return placed;
    case standings.removed:
      // A file that never had a name has its inode number as its name (fs/dcache.c, d_tmpfile).
      return `?deleted:${placed.replace(/\/#\d+$/, "/#unnamed")}`;
    case standings.outside:
      return `?outside:${text}`;
    case standings.unresolved:
      return `?unresolved:${text}`;
    case standings.placeless:
      return placeless(text, classOfMagic(seen.magic));
    default:
      return "?path-too-long";
  }
}

/**
 * Whether a handle led to it, and the kernel knows no name of it: such an entry is a root of its own and is called as one
 * (fs/dcache.c, d_alloc_anon). Nothing tells one such file from another. What represents a process or a namespace of the kernel is called
 * the same, and is told by its kind.
 */
export function isByHandle({ standing, path, magic }: SeenObject): boolean {
  const isRoot = standing === standings.placeless && path.toString("latin1", 0, 2) === "//";
  return isRoot && classOfMagic(magic) === "disk";
}

/** A file in memory has a name of its own; for other objects only the kind has a meaning. */
function placeless(text: string, kind: string): string {
  if (text.startsWith("/memfd:")) return text.slice(1);
  return kind === "disk" ? `?unnamed:${text}` : `${kind}:`;
}
