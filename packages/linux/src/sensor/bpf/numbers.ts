/** The ids of a process in its pid namespaces, where no record of its fork tells them. */
import { fstatSync, openSync } from "node:fs";
import { close, ioctl, pidfdSendSignal } from "../../abi/libc.ts";
import { readProcFile } from "../../process/proc-file.ts";
import type { ProcessNumber } from "./record.ts";

/** linux/nsfs.h */
const NS_GET_PARENT = 0xb702;

/**
 * The ids of a process below the first pid namespace, in order, as a record of its fork has them (`Record.numbers`). None of one that
 * was waited for meanwhile: its id may be another one's by now, also while the descriptor is open.
 */
export function numbersOf(pid: number, pidfd: number): readonly ProcessNumber[] {
  const [, ids = ""] = /^NStgid:\t(.+)$/m.exec(readProcFile(`/proc/${pid}/status`) ?? "") ?? [];
  // The first is in the first namespace, which is the supervisor's.
  const numbers = ids.split("\t").slice(1).map(Number);
  const namespaces = numbers.length > 0 ? namespacesOf(pid, numbers.length) : [];
  if (namespaces.length < numbers.length || pidfdSendSignal(pidfd, 0) < 0) return [];
  return numbers.map((number, level) => ({ number, namespace: namespaces[level] as number }));
}

/** Inode numbers of the pid namespace of a process and of so many in all at most, outermost first. */
function namespacesOf(pid: number, count: number): number[] {
  const found: number[] = [];
  try {
    let fd = openSync(`/proc/${pid}/ns/pid`, "r");
    while (fd >= 0) {
      found.unshift(fstatSync(fd).ino);
      const above = found.length < count ? ioctl(fd, NS_GET_PARENT, 0) : -1;
      close(fd);
      fd = above;
    }
  } catch {
    // It has ended.
  }
  return found;
}
