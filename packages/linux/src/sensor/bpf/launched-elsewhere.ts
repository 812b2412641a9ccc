/** A namespace whose first process is started by another process than the supervisor. */
import { close, pidfdOpen } from "../../abi/libc.ts";
import { LinuxError } from "../../error.ts";
import type { KernelNamespace } from "./kernel-namespace.ts";

/**
 * The next process that this process forks from its first thread begins the namespace, and no process of any namespace may act on the
 * launching process. Throws `launch-failed` if it has ended, or is in a namespace itself.
 */
export function launchFromProcess(kernel: KernelNamespace, pid: number): void {
  const pidfd = pidfdOpen(pid, 0);
  try {
    if (pidfd < 0 || !kernel.members.invite(pidfd))
      throw new LinuxError(
        "launch-failed",
        `process ${pid} cannot begin a namespace: it has ended, or is in one itself`,
      );
  } finally {
    if (pidfd >= 0) close(pidfd);
  }
  kernel.protect(pid);
}
