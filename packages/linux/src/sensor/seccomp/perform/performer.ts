/**
 * Calls that the supervisor makes in place of a task, on objects that it holds and with its own copies of the task's memory:
 * between the verdict and the effect there is nothing that another thread could change, and the kernel's answer becomes the
 * task's.
 */
import { EFAULT, EINTR } from "../../../abi/errno.ts";
import { seccomp } from "../../../abi/libc.ts";
import {
  SECCOMP_FILTER_FLAG_NEW_LISTENER,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
  SECCOMP_SET_MODE_FILTER,
} from "../../../abi/seccomp.ts";
import { readUmask } from "../../../process/proc-status.ts";
import { withinMoment } from "../../../process/moment.ts";
import type { Thread } from "../tasks/process.ts";
import type { Peers } from "./peers.ts";
import type { ThreadRights } from "./thread-rights.ts";

export class Performer {
  readonly #rights: ThreadRights;
  readonly #peers: Peers;
  readonly #isUndisturbed = waitsUndisturbed();
  #isWatched = false;

  constructor(rights: ThreadRights, peers: Peers) {
    this.#rights = rights;
    this.#peers = peers;
  }

  /**
   * From now on tasks make their calls themselves: a fanotify group inside would see that the supervisor makes them, and the
   * supervisor would wait for its permission.
   */
  leaveToTasks(): void {
    this.#isWatched = true;
  }

  /** The rights to act with for this thread; undefined if calls may not be made in its place. */
  rightsFor(thread: Thread): ThreadRights | undefined {
    return this.#isUndisturbed && !this.#isWatched && this.#peers.include(thread) ? this.#rights : undefined;
  }

  /**
   * Makes a call with the rights of a thread; returns its result, or a negative errno. A doorbell signal may interrupt it,
   * which the task must not notice: then it is made again, as the kernel does for a handler with SA_RESTART.
   */
  make(thread: Thread, call: () => number): number {
    return this.#rights.as(thread, () => {
      let result = call();
      while (result === -EINTR) result = call();
      return result;
    });
  }

  /** The same for a call that a task can have wait in the kernel: if it waits, it ends with EINTR after a moment, and is not made again. */
  begin(thread: Thread, call: () => number): number {
    return this.#rights.as(thread, () => withinMoment(call));
  }

  /** As `make`, for a call that creates a file, whose mode and default ACL depend on the thread's umask. */
  create(thread: Thread, call: () => number): number {
    const umask = readUmask(thread.tid);
    return umask === undefined ? -EFAULT : this.#rights.under(umask, () => this.make(thread, call));
  }

  /** Whether files can be created for a thread: unless the supervising thread has its own umask, other threads would get wrong modes. */
  get mayCreate(): boolean {
    return this.#rights.hasOwnUmask;
  }
}

/**
 * Whether a call that waits for its answer is undisturbed by signals (since 5.19). Otherwise a signal would end the wait, the
 * call would be restarted, and a file created in the meantime would be created twice.
 */
function waitsUndisturbed(): boolean {
  const flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  return seccomp(SECCOMP_SET_MODE_FILTER, flags, null) === -EFAULT;
}
