/**
 * Lets the supervising thread act with the rights of a task for the length of one call, and never with more.
 *
 * The kernel decides about files by the caller's file-system ids, groups and effective capabilities, and creates them with its
 * umask. In Linux all of these belong to a thread: raw system calls change them for the calling thread alone, while the C
 * library would change every thread of the process.
 */
import { gettid } from "../../../abi/libc.ts";
import { rawCall, type Word } from "../../../abi/raw-call.ts";
import { LinuxError } from "../../../error.ts";
import { readThreadStatus, type ThreadStatus } from "../../../process/proc-status.ts";
import type { Thread } from "../tasks/process.ts";

/** x86-64 system call numbers (arch/x86/entry/syscalls/syscall_64.tbl). */
const NR = { umask: 95, setgroups: 116, setfsuid: 122, setfsgid: 123, capget: 125, capset: 126, unshare: 272 } as const;
const CLONE_FS = 0x200;
/** linux/capability.h: version 3, and two sets of `effective, permitted, inheritable`, of 32 bits each. */
const CAPABILITY_VERSION = 0x2008_0522;
const CAP_SETGID = 1n << 6n;
const CAP_SETUID = 1n << 7n;
/** Queries the current id without a change: no such id is valid. */
const NO_ID = -1;

/** Ids, groups and effective capabilities: everything by which the kernel distinguishes callers where files are concerned. */
type Rights = Pick<Thread, "credentials" | "groups">;

export class ThreadRights {
  readonly #own: ThreadStatus;
  readonly #permitted: bigint;
  readonly #header: Buffer = Buffer.alloc(8);
  readonly #sets: Buffer = Buffer.alloc(24);
  /** Whether ids and groups can be changed at all. */
  readonly mayChange: boolean;
  /** Whether the umask belongs to this thread alone, so that changing it affects no other thread's files. */
  readonly hasOwnUmask: boolean;

  /** The rights of the calling thread, which from now on has its own umask and working directory. */
  constructor() {
    const own = readThreadStatus(gettid());
    if (!own) throw new LinuxError("unsupported-kernel", "cannot read /proc/self/status; isoline needs /proc mounted");
    this.#own = own;
    this.#header.writeUInt32LE(CAPABILITY_VERSION, 0);
    if (rawCall(NR.capget, [this.#header, this.#sets]) < 0)
      throw new LinuxError("unsupported-kernel", "cannot read the supervisor's own capabilities");
    this.#permitted = BigInt(this.#sets.readUInt32LE(4)) | (BigInt(this.#sets.readUInt32LE(16)) << 32n);
    // In some user namespaces groups cannot be set at all (/proc/PID/setgroups).
    const changes = CAP_SETGID | CAP_SETUID;
    this.mayChange = (own.credentials.capabilities & changes) === changes && setGroups(own.groups) >= 0;
    this.hasOwnUmask = rawCall(NR.unshare, [CLONE_FS]) >= 0;
  }

  /** Whether a thread has exactly the supervisor's rights, as far as ids and capabilities go. */
  areThoseOf({ credentials, groups }: Rights): boolean {
    const own = this.#own.credentials;
    return (
      credentials.fsuid === own.fsuid &&
      credentials.fsgid === own.fsgid &&
      credentials.capabilities === own.capabilities &&
      areEqual(groups, this.#own.groups)
    );
  }

  /** Whether `as` can act with the rights of a thread: the supervisor's are the same, or include them and the right to change ids. */
  canBeThoseOf(thread: Rights): boolean {
    return this.areThoseOf(thread) || (this.mayChange && (thread.credentials.capabilities & ~this.#permitted) === 0n);
  }

  /**
   * Runs a function with the rights of a thread for which `canBeThoseOf` is true. The supervisor's own rights are restored when
   * it returns, also if it throws. Throws `system-call-failed` before anything is done if the rights could not be taken on, and
   * `sensor-lost` if its own could not be restored: a supervisor with a task's rights must not go on.
   */
  as<T>(thread: Rights, action: () => T): T {
    if (this.areThoseOf(thread)) return action();
    try {
      this.#take(thread);
      return action();
    } finally {
      this.#giveBack();
    }
  }

  /** Runs a function under a umask, which is restored when it returns, also if it throws. */
  under<T>(umask: number, action: () => T): T {
    const own = rawCall(NR.umask, [umask]);
    try {
      return action();
    } finally {
      if (own !== umask) rawCall(NR.umask, [own]);
    }
  }

  /** Capabilities are set last: until then they permit the other changes. Giving up the file-system uid 0 removes some by itself. */
  #take({ credentials, groups }: Rights): void {
    const taken =
      (areEqual(groups, this.#own.groups) || setGroups(groups) >= 0) &&
      becomes(NR.setfsgid, credentials.fsgid) &&
      becomes(NR.setfsuid, credentials.fsuid) &&
      this.#setEffective(credentials.capabilities);
    if (!taken) throw new LinuxError("system-call-failed", "the supervising thread could not take on a task's rights");
  }

  /** Set twice, because the file-system uid 0 restores capabilities that the supervisor may not have had in effect. */
  #giveBack(): void {
    const { credentials, groups } = this.#own;
    const back =
      this.#setEffective(credentials.capabilities) &&
      becomes(NR.setfsuid, credentials.fsuid) &&
      becomes(NR.setfsgid, credentials.fsgid) &&
      setGroups(groups) >= 0 &&
      this.#setEffective(credentials.capabilities);
    if (!back) throw new LinuxError("sensor-lost", "the supervising thread did not get its own rights back");
  }

  #setEffective(capabilities: bigint): boolean {
    this.#sets.writeUInt32LE(Number(capabilities & 0xffff_ffffn), 0);
    this.#sets.writeUInt32LE(Number(capabilities >> 32n), 12);
    return rawCall(NR.capset, [this.#header, this.#sets]) >= 0;
  }
}

/** The calls that set a file-system id report no failure, so the id is read back. */
function becomes(call: number, id: number): boolean {
  rawCall(call, [id]);
  return rawCall(call, [NO_ID]) === id;
}

function setGroups(groups: readonly number[]): number {
  const list = Buffer.alloc(Math.max(4, groups.length * 4));
  groups.forEach((group, index) => list.writeUInt32LE(group, index * 4));
  return rawCall(NR.setgroups, [groups.length, list as Word]);
}

function areEqual(some: readonly number[], others: readonly number[]): boolean {
  return some.length === others.length && some.every((each, index) => each === others[index]);
}
