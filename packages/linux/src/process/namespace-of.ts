/** The namespaces of a task, by their inodes in nsfs. Two namespaces that exist at the same time have different inodes. */
import { terminated } from "../abi/bytes.ts";
import { statx } from "../abi/libc.ts";
import { AT_FDCWD, Stat, STATX_MASK } from "../abi/stat.ts";

export type NamespaceKind = "mnt" | "net" | "pid" | "user" | "ipc" | "uts";

const stat = new Stat();

/** Inode of a namespace of a thread, or of this process ("self"). 0 if the thread is gone or cannot be looked into. */
export function namespaceOf(task: number | "self", kind: NamespaceKind): number {
  const result = statx(AT_FDCWD, terminated(`/proc/${task}/ns/${kind}`), 0, STATX_MASK, stat.bytes);
  return result < 0 ? 0 : stat.inode;
}
