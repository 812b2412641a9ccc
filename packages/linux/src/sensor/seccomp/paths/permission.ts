/**
 * Whether the kernel will refuse anyway: such a call exchanges nothing, and an LSM hook would never see it.
 *
 * Asked only of what is not known yet. Where the answer is not certain (the task has rights that we lack), the call
 * counts as an exchange: a needless event is better than a missed one.
 */
import { readFileSync } from "node:fs";
import { EACCES } from "../../../abi/errno.ts";
import { close, faccessat2, openat2, setfsgid, setfsuid, setgroups } from "../../../abi/libc.ts";
import { AT_EACCESS, AT_EMPTY_PATH, AT_FDCWD, O_CLOEXEC, O_NOFOLLOW, O_PATH } from "../../../abi/stat.ts";
import { LinuxError } from "../../../error.ts";
import { EMPTY, openHow } from "../../../abi/bytes.ts";
import type { Found } from "../../files/found.ts";
import { readThreadStatus, type ThreadStatus } from "../../../process/proc-status.ts";
import type { Thread } from "../tasks/process.ts";

/** CAP_CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID: with any of them a task may more than its ids say (linux/capability.h). */
const CAP_FILES = 0x1fn;
const stay = openHow(O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, 0);

export class Permissions {
  readonly #own: ThreadStatus;
  readonly #privileged: boolean;
  readonly #userNamespace: string;

  constructor() {
    const own = readThreadStatus(process.pid);
    if (!own) throw new LinuxError("unsupported-kernel", "cannot read /proc/self/status; isoline needs /proc mounted");
    this.#own = own;
    this.#privileged = own.credentials.euid === 0 && (own.credentials.capabilities & CAP_FILES) === CAP_FILES;
    this.#userNamespace = userNamespaceOf(process.pid) ?? "";
  }

  /** The errno with which the kernel will refuse `mask` on an object to this thread; 0 if it will not, or may not. */
  refusal(found: Found, mask: number, thread: Thread): number {
    const plain = this.#ask(found.fd, mask);
    if (this.isPeer(thread)) return plain;
    if (!this.#privileged) return 0;
    // Root may be refused what a user is not (NFS without root), so the user's own answer counts.
    return this.#isLesser(thread) ? this.#askAs(thread, found, mask) : plain;
  }

  /** Whether what the kernel answers to us it also answers to the thread. */
  isPeer(thread: Thread): boolean {
    const theirs = thread.credentials;
    const ours = this.#own.credentials;
    return (
      theirs.fsuid === ours.fsuid &&
      theirs.fsgid === ours.fsgid &&
      theirs.capabilities === ours.capabilities &&
      String(thread.groups) === String(this.#own.groups)
    );
  }

  #isLesser(thread: Thread): boolean {
    const { fsuid, capabilities } = thread.credentials;
    return fsuid !== 0 && (capabilities & CAP_FILES) === 0n && userNamespaceOf(thread.tid) === this.#userNamespace;
  }

  #ask(fd: number, mask: number): number {
    const result = faccessat2(fd, EMPTY, mask, AT_EMPTY_PATH | AT_EACCESS);
    return result < 0 ? -result : 0;
  }

  /** Asks the kernel with the task's file-system ids: they belong to this thread alone, and give up CAP_DAC_* with them. */
  #askAs(thread: Thread, found: Found, mask: number): number {
    setgroups(thread.groups.length, groupList(thread.groups));
    setfsgid(thread.credentials.fsgid);
    setfsuid(thread.credentials.fsuid);
    try {
      if (found.isReachedFromRoot && found.standing === "here") {
        const again = openat2(AT_FDCWD, Buffer.concat([found.path, Buffer.of(0)]), stay);
        if (again === -EACCES) return EACCES;
        if (again >= 0) close(again);
      }
      return this.#ask(found.fd, mask);
    } finally {
      setfsuid(this.#own.credentials.fsuid);
      setfsgid(this.#own.credentials.fsgid);
      setgroups(this.#own.groups.length, groupList(this.#own.groups));
    }
  }
}

function groupList(groups: readonly number[]): Buffer {
  const list = Buffer.alloc(Math.max(4, groups.length * 4));
  groups.forEach((group, index) => {
    list.writeUInt32LE(group, index * 4);
  });
  return list;
}

function userNamespaceOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/uid_map`, "latin1");
  } catch {
    return undefined;
  }
}
