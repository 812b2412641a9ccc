/** Descriptors of other processes, and what our own mean. */
import { close, dup3, pidfdGetfd, pidfdOpen } from "../abi/libc.ts";

/** A descriptor of ours for one of another process that we may look into (close-on-exec); a negative errno. */
export function takeDescriptor(pid: number, descriptor: number): number {
  const pidfd = pidfdOpen(pid, 0);
  if (pidfd < 0) return pidfd;
  const taken = pidfdGetfd(pidfd, descriptor);
  close(pidfd);
  return taken;
}

/** Closes a descriptor that Node does not know of; what is not open is none of ours. */
export function closeDescriptor(descriptor: number): void {
  close(descriptor);
}

/** Makes `onto` mean what `descriptor` means, from one moment to the next; 0 or a negative errno. */
export function redirect(descriptor: number, onto: number): number {
  return Math.min(dup3(descriptor, onto, 0), 0);
}
