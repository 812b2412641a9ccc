/**
 * Whether an exec that was let through has happened: proven of the very task, never concluded from what another does.
 *
 * Memory can be shared (CLONE_VM, vfork), so whoever shares it may leave it, keep it in use or write to it, by exit, exec or
 * PR_SET_MM, whenever that suits. What no other task can bring about, in the order in which it is asked:
 *
 *   the memory that the task had is nobody's any more     it lives, so it is in another: the exec happened
 *   PF_FORKNOEXEC of a process that had executed nothing  set by fork, taken away by its own exec alone: tells either way
 *   where the program was placed                          tells either way unless marks may lie (see `ImageMarks`)
 *   its memory is still in use, and was only its own      the exec did not happen
 *
 * Where none of them tells, nothing is taken to be so.
 */
import { close, openat2, pread } from "../../../abi/libc.ts";
import { openHow, terminated } from "../../../abi/bytes.ts";
import { AT_FDCWD, O_CLOEXEC } from "../../../abi/stat.ts";
import { isUnexecuted, type RunningImage, runningImage } from "../../../process/proc-status.ts";
import type { ImageMarks } from "./image-marks.ts";

const byte: Buffer = Buffer.alloc(1);
const READ = openHow(O_CLOEXEC, 0, 0);

/** What has to be known of a process to tell. */
interface Executing {
  readonly pid: number;
  readonly isUnexecuted: boolean;
  readonly sharesMemory: boolean;
  readonly parent: { readonly sharesMemory: boolean } | undefined;
}

export type ExecOutcome = "happened" | "did-not" | "untold";

export class ExecProof {
  readonly #memory: number;
  readonly #wasUnexecuted: boolean;
  readonly #before: RunningImage | undefined;
  readonly #marks: ImageMarks;

  /** Of thread `tid` of a process, which stands still while it asks to execute; `mayHold`: a descriptor may be kept. */
  constructor(tid: number, process: Executing, marks: ImageMarks, mayHold: boolean) {
    this.#marks = marks;
    this.#wasUnexecuted = process.isUnexecuted;
    this.#before = this.#wasUnexecuted ? undefined : runningImage(tid);
    // The memory of one that lent its own (vfork) will still be in use.
    const tells = !(this.#wasUnexecuted && process.parent?.sharesMemory === true);
    this.#memory = mayHold && tells ? hold(tid) : -1;
  }

  /** Whether a descriptor is kept. */
  get isHeld(): boolean {
    return this.#memory >= 0;
  }

  /** Asked while thread `tid` of the process stands still in a later call. */
  outcome(tid: number, process: Executing): ExecOutcome {
    if (this.isHeld && isNobodys(this.#memory)) return "happened";
    // An exec leaves one thread, which has the number of the process; it makes others only by calls of its own.
    if (tid !== process.pid) return "did-not";
    if (this.#wasUnexecuted) {
      const isStill = isUnexecuted(tid);
      return isStill === undefined ? "untold" : isStill ? "did-not" : "happened";
    }
    const now = runningImage(tid);
    if (!now) return "untold";
    const isSame = this.#before && this.#marks.areSame(this.#before, now);
    if (isSame !== undefined) return isSame ? "did-not" : "happened";
    return this.isHeld && !process.sharesMemory ? "did-not" : "untold";
  }

  close(): void {
    if (this.isHeld) close(this.#memory);
  }
}

function hold(tid: number): number {
  return Math.max(openat2(AT_FDCWD, terminated(`/proc/${tid}/mem`), READ), -1);
}

/** The kernel reads nothing from memory that nobody uses (fs/proc/base.c, mem_rw); address 0 of memory in use is an error. */
function isNobodys(fd: number): boolean {
  return pread(fd, byte, 0) === 0;
}
