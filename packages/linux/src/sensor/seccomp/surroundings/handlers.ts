/**
 * Handlers of further binary formats (binfmt_misc): a file that is neither ELF for this processor nor begins with `#!` fails to
 * execute with ENOEXEC only if no handler takes it.
 *
 * Handlers are active whether or not binfmt_misc is mounted where the supervisor looks: a container does not show its host's.
 * So unless the absence of handlers is proven, they count as present. The program that a handler runs instead of the file
 * appears afterwards as the executable of the process.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { openHow, terminated } from "../../../abi/bytes.ts";
import { close, fstatfs, openat2 } from "../../../abi/libc.ts";
import { rawCall } from "../../../abi/raw-call.ts";
import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY } from "../../../abi/stat.ts";
import { syscallNumbers } from "../../../abi/syscalls.ts";

const DIRECTORY = openHow(O_CLOEXEC | O_DIRECTORY, 0, 0);
/** linux/magic.h */
const BINFMTFS_MAGIC = 0x4249_4e4d;
/** `register` and `status`. */
const CONTROL_FILES = 2;
/** linux/mount.h */
const FSOPEN_CLOEXEC = 1;
const FSCONFIG_CMD_CREATE = 6;
const FSMOUNT_CLOEXEC = 1;
/** All ids are mapped to themselves: the first user namespace, whose handlers are the machine's. */
const FIRST_USER_NAMESPACE = /^\s*0\s+0\s+4294967295\s*$/;

export class FormatHandlers {
  #own: number | undefined;

  /** Whether a handler may run files of formats that the kernel itself does not have, for this thread. */
  mayRun({ tid }: { readonly tid: number }): boolean {
    try {
      // Since 6.7 each user namespace may have its own handlers (fs/binfmt_misc.c, load_binfmt_misc).
      if (readlinkSync(`/proc/${tid}/ns/user`) !== readlinkSync("/proc/self/ns/user")) return true;
      if (!/\bbinfmt_misc$/m.test(readFileSync("/proc/filesystems", "latin1"))) return false;
    } catch {
      return true;
    }
    this.#own ??= ownMount();
    return countHandlers(this.#own < 0 ? "/proc/sys/fs/binfmt_misc" : `/proc/self/fd/${this.#own}`) !== 0;
  }

  close(): void {
    if (this.#own !== undefined && this.#own >= 0) close(this.#own);
    this.#own = undefined;
  }
}

/**
 * A detached mount of it, so that nothing can be mounted over it; -1 if none can be made. In another user namespace, making one
 * would hide the machine's handlers from that whole namespace.
 */
function ownMount(): number {
  try {
    if (!FIRST_USER_NAMESPACE.test(readFileSync("/proc/self/uid_map", "latin1"))) return -1;
  } catch {
    return -1;
  }
  const { fsopen, fsconfig, fsmount } = syscallNumbers;
  const configuration = rawCall(fsopen, [terminated("binfmt_misc"), FSOPEN_CLOEXEC]);
  if (configuration < 0) return -1;
  const created = rawCall(fsconfig, [configuration, FSCONFIG_CMD_CREATE, 0, 0, 0]);
  const mount = created < 0 ? created : rawCall(fsmount, [configuration, FSMOUNT_CLOEXEC, 0]);
  close(configuration);
  return Math.max(mount, -1);
}

/** The number of handlers that a mount shows; undefined if it is not a mount of binfmt_misc. */
function countHandlers(path: string): number | undefined {
  const fd = openat2(AT_FDCWD, terminated(path), DIRECTORY);
  if (fd < 0) return undefined;
  try {
    const statfs = Buffer.alloc(120);
    if (fstatfs(fd, statfs) < 0 || statfs.readUInt32LE(0) !== BINFMTFS_MAGIC) return undefined;
    return readdirSync(`/proc/self/fd/${fd}`).length - CONTROL_FILES;
  } catch {
    return undefined;
  } finally {
    close(fd);
  }
}
