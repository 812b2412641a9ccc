/**
 * A hold on the memory that a task has before it executes a program, by which success is told from failure.
 *
 * What /proc says of the layout of a task's memory is drawn at random by every exec, but not where the task has turned
 * that off, and a task may change it (PR_SET_MM). Whether memory that was held is still anybody's it cannot change:
 * the kernel reads nothing from memory that nobody uses any more (fs/proc/base.c, mem_rw).
 */
import { close, kcmp, openat2, pread } from "../../../abi/libc.ts";
import { AT_FDCWD, O_CLOEXEC } from "../../../abi/stat.ts";
import { openHow, terminated } from "../../../abi/bytes.ts";

const KCMP_VM = 1;
const byte: Buffer = Buffer.alloc(1);
const READ = openHow(O_CLOEXEC, 0, 0);

export class OldImage {
  readonly #fd: number;
  readonly #parent: number | undefined;
  readonly #wasShared: boolean;

  /** Of a task that asks to execute; `parent` is the process it may share memory with until then (vfork). */
  constructor(tid: number, parent: number | undefined, mayHold: boolean) {
    this.#fd = mayHold ? hold(tid) : -1;
    this.#parent = parent;
    this.#wasShared = parent !== undefined && kcmp(tid, parent, KCMP_VM) === 0;
  }

  /** Whether a descriptor is kept. */
  get isHeld(): boolean {
    return this.#fd >= 0;
  }

  /** Whether the task, by any of its threads, certainly runs in other memory now; `parentLives` if the parent is still that one. */
  wasLeftBy(tid: number, parentLives: boolean): boolean {
    if (this.#wasShared && parentLives && this.#parent !== undefined && kcmp(tid, this.#parent, KCMP_VM) > 0)
      return true;
    return this.isHeld && isNobodys(this.#fd);
  }

  close(): void {
    if (this.isHeld) close(this.#fd);
  }
}

function hold(tid: number): number {
  return Math.max(openat2(AT_FDCWD, terminated(`/proc/${tid}/mem`), READ), -1);
}

/** There is nothing at address 0, which is an error as long as the memory is in use. */
function isNobodys(fd: number): boolean {
  return pread(fd, byte, 0) === 0;
}
