/**
 * Whether the kernel will refuse the call anyway: such a call exchanges nothing, and an LSM hook would never see it.
 *
 * Used only for acts that are not known yet. If the answer is not certain (the task has rights that the supervisor lacks), the
 * call counts as an act: a needless event is better than a missed one.
 */
import { EACCES } from "../../../abi/errno.ts";
import { close, faccessat2, openat2 } from "../../../abi/libc.ts";
import { AT_EACCESS, AT_EMPTY_PATH, AT_FDCWD, O_CLOEXEC, O_NOFOLLOW, O_PATH } from "../../../abi/stat.ts";
import { EMPTY, openHow } from "../../../abi/bytes.ts";
import type { Found } from "../../files/found.ts";
import type { Peers } from "../perform/peers.ts";
import type { ThreadRights } from "../perform/thread-rights.ts";
import type { Thread } from "../tasks/process.ts";

const stay = openHow(O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, 0);

export class Permissions {
  readonly #rights: ThreadRights;
  readonly #peers: Peers;

  constructor(rights: ThreadRights, peers: Peers) {
    this.#rights = rights;
    this.#peers = peers;
  }

  /** The errno with which the kernel will refuse `mask` on an object to this thread; 0 if it will not, or might not. */
  refusal(found: Found, mask: number, thread: Thread): number {
    if (isSetting(found) && !this.#peers.sharesSettings(thread)) return 0;
    if (this.isPeer(thread)) return this.#ask(found.fd, mask);
    if (!this.#rights.mayChange) return 0;
    // Root may be refused what a user is permitted (NFS without root), so the user's own answer counts.
    const isTold = this.#rights.canBeThoseOf(thread) && this.#peers.sharesUsers(thread);
    return isTold ? this.#askAs(thread, found, mask) : this.#ask(found.fd, mask);
  }

  /** Whether the kernel answers the thread as it answers the supervisor. */
  isPeer(thread: Thread): boolean {
    return this.#rights.areThoseOf(thread);
  }

  #ask(fd: number, mask: number): number {
    const result = faccessat2(fd, EMPTY, mask, AT_EMPTY_PATH | AT_EACCESS);
    return result < 0 ? -result : 0;
  }

  /** Asks the kernel with the task's own rights. */
  #askAs(thread: Thread, found: Found, mask: number): number {
    return this.#rights.as(thread, () => {
      if (found.isReachedFromRoot && found.standing === "here") {
        const again = openat2(AT_FDCWD, Buffer.concat([found.path, Buffer.of(0)]), stay);
        if (again === -EACCES) return EACCES;
        if (again >= 0) close(again);
      }
      return this.#ask(found.fd, mask);
    });
  }
}

const PROC_SUPER_MAGIC = 0x9fa0;
const SETTINGS = Buffer.from("/sys/");

/** A file below /proc/sys: which files exist there and who may change them depends on the namespaces of the reader, not on the mount. */
function isSetting(found: Found): boolean {
  return found.path.includes(SETTINGS) && found.filesystem === PROC_SUPER_MAGIC;
}
