/** How a file is opened: as words of an event, and as the kernel's MAY_ bits. */
import { O_ACCMODE, O_APPEND, O_PATH, O_TRUNC, O_WRONLY } from "../../abi/stat.ts";

/** MAY_ bits (linux/fs.h). */
const APPEND = 8;
export const READ = 4;
export const WRITE = 2;
export const EXECUTE = 1;

/** The access that an open requests, as MAY_ bits (fs/open.c, build_open_flags). */
export function accessMask(flags: number): number {
  const mode = flags & O_ACCMODE;
  const asked = mode === O_WRONLY ? WRITE : mode === 0 ? READ : READ | WRITE;
  return asked | ((flags & O_TRUNC) !== 0 ? WRITE : 0) | ((flags & O_APPEND) !== 0 ? APPEND : 0);
}

/** `read`, `write`, `read,write`, each with `,append` and `,truncate`; or `path` for O_PATH. */
export function accessOf(flags: number): string {
  if ((flags & O_PATH) !== 0) return "path";
  return accessOfNew(flags) + ((flags & O_TRUNC) !== 0 ? ",truncate" : "");
}

/** The same for a file that the open creates: it is empty already. */
export function accessOfNew(flags: number): string {
  const mode = flags & O_ACCMODE;
  const base = mode === 0 ? "read" : mode === O_WRONLY ? "write" : "read,write";
  return (flags & O_APPEND) !== 0 && mode !== 0 ? `${base},append` : base;
}
