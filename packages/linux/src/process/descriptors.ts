/** Descriptors of other processes, and duplicates of the supervisor's own. */
import { readlinkSync } from "node:fs";
import { close, dup3, pidfdGetfd, pidfdOpen } from "../abi/libc.ts";

/** A duplicate of another process's descriptor (close-on-exec), if this process may inspect the other; a negative errno. */
export function takeDescriptor(pid: number, descriptor: number): number {
  const pidfd = pidfdOpen(pid, 0);
  if (pidfd < 0) return pidfd;
  const taken = pidfdGetfd(pidfd, descriptor);
  close(pidfd);
  return taken;
}

/** The same of a process that is held by a descriptor. */
export function takeDescriptorOf(pidfd: number, descriptor: number): number {
  return pidfdGetfd(pidfd, descriptor);
}

/** Whether a descriptor of this process is the listener of a seccomp filter, by the name that the kernel gives it (kernel/seccomp.c). */
export function isFilterListener(descriptor: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`) === "anon_inode:seccomp notify";
  } catch {
    return false;
  }
}

/** Closes a descriptor that Node does not manage. A descriptor that is not open is ignored. */
export function closeDescriptor(descriptor: number): void {
  close(descriptor);
}

/** Makes `onto` a duplicate of `descriptor` atomically; 0 or a negative errno. */
export function redirect(descriptor: number, onto: number): number {
  return Math.min(dup3(descriptor, onto, 0), 0);
}
