/**
 * Calls that the supervisor makes in place of a task, about objects that it holds and with its own copies of what was in the
 * task's memory: between the verdict and the effect nothing is left that another thread could change, and the kernel's own
 * answer is the task's.
 */
import { EFAULT, EINTR } from "../../../abi/errno.ts";
import { seccomp } from "../../../abi/libc.ts";
import {
  SECCOMP_FILTER_FLAG_NEW_LISTENER,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
  SECCOMP_SET_MODE_FILTER,
} from "../../../abi/seccomp.ts";
import { readUmask } from "../../../process/proc-status.ts";
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

  /** From now on tasks make their calls themselves: a fanotify group inside would be told that we made them, and asked by us. */
  leaveToTasks(): void {
    this.#isWatched = true;
  }

  /** The rights to act with for this thread; undefined if calls may not be made in its place. */
  rightsFor(thread: Thread): ThreadRights | undefined {
    return this.#isUndisturbed && !this.#isWatched && this.#peers.include(thread) ? this.#rights : undefined;
  }

  /**
   * Makes a call with the rights of a thread that there are rights for; what it returns, a failure as a negative errno. A doorbell
   * may interrupt it, of which the task must not hear: then it is made again, as the kernel does for a handler with SA_RESTART.
   */
  make(thread: Thread, call: () => number): number {
    return this.#rights.as(thread, () => {
      let result = call();
      while (result === -EINTR) result = call();
      return result;
    });
  }

  /** The same for a call that makes something new, which gets its mode, and what a default ACL adds, by the thread's umask. */
  create(thread: Thread, call: () => number): number {
    const umask = readUmask(thread.tid);
    return umask === undefined ? -EFAULT : this.#rights.under(umask, () => this.make(thread, call));
  }

  /** Whether something new can be made for a thread: without a umask of our own, modes would be wrong for everybody else. */
  get mayCreate(): boolean {
    return this.#rights.hasOwnUmask;
  }
}

/**
 * Whether the kernel lets a call wait for its answer undisturbed by signals (since 5.19). Without that, a signal would end the
 * wait, the call would be restarted, and what we made in the meantime would be made twice.
 */
function waitsUndisturbed(): boolean {
  const flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  return seccomp(SECCOMP_SET_MODE_FILTER, flags, null) === -EFAULT;
}
