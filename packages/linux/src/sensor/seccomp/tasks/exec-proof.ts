/**
 * Whether an exec that was allowed has happened: proven from this very task, never concluded from another task's acts.
 *
 * Memory can be shared (CLONE_VM, vfork), so another task may leave it, keep it in use or write to it, by exit, exec or
 * PR_SET_MM, at any moment. These facts no other task can bring about, in the order in which they are checked:
 *
 *   the task's former memory is used by no task           the task lives, so it has other memory: the exec happened
 *   PF_FORKNOEXEC of a process that had executed nothing  set by fork, cleared only by its own exec: decides either way
 *   where the program was placed                          decides either way unless marks are unreliable (see `ImageMarks`)
 *   its memory is still in use, and was only its own      the exec did not happen
 *
 * If none of them decides, neither is assumed.
 */
import { close, openat2, pread } from "../../../abi/libc.ts";
import { openHow, terminated } from "../../../abi/bytes.ts";
import { AT_FDCWD, O_CLOEXEC } from "../../../abi/stat.ts";
import { type FirstImage, firstImage, type RunningImage, runningImage } from "../../../process/proc-status.ts";
import type { ImageMarks } from "./image-marks.ts";

const byte: Buffer = Buffer.alloc(1);
const READ = openHow(O_CLOEXEC, 0, 0);

/** The facts about a process that the proof needs. */
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
  #words: FirstImage["words"];

  /** For thread `tid` of a process, which is stopped while it asks to execute; `mayHold`: a descriptor may be kept. */
  constructor(tid: number, process: Executing, marks: ImageMarks, mayHold: boolean) {
    this.#marks = marks;
    this.#wasUnexecuted = process.isUnexecuted;
    this.#before = this.#wasUnexecuted ? undefined : runningImage(tid);
    // The memory of a process that shared its own (vfork) will still be in use.
    const tells = !(this.#wasUnexecuted && process.parent?.sharesMemory === true);
    this.#memory = mayHold && tells ? hold(tid) : -1;
  }

  /** Whether a descriptor is kept. */
  get isHeld(): boolean {
    return this.#memory >= 0;
  }

  /** Checked while thread `tid` of the process is stopped in a later call. */
  outcome(tid: number, process: Executing): ExecOutcome {
    if (this.isHeld && isNobodys(this.#memory)) return "happened";
    // An exec leaves one thread, which has the number of the process; it creates others only by its own calls.
    if (tid !== process.pid) return "did-not";
    if (this.#wasUnexecuted) {
      const now = firstImage(tid);
      this.#words = now?.words;
      return now === undefined ? "untold" : now.isUnexecuted ? "did-not" : "happened";
    }
    const now = runningImage(tid);
    if (!now) return "untold";
    const isSame = this.#before && this.#marks.areSame(this.#before, now);
    if (isSame !== undefined) return isSame ? "did-not" : "happened";
    return this.isHeld && !process.sharesMemory ? "did-not" : "untold";
  }

  /** Where the arguments of the program are, if the last look showed it. */
  get words(): FirstImage["words"] {
    return this.#words;
  }

  close(): void {
    if (this.isHeld) close(this.#memory);
  }
}

function hold(tid: number): number {
  return Math.max(openat2(AT_FDCWD, terminated(`/proc/${tid}/mem`), READ), -1);
}

/** The kernel reads nothing from memory that no task uses (fs/proc/base.c, mem_rw); for memory in use, address 0 is an error. */
function isNobodys(fd: number): boolean {
  return pread(fd, byte, 0) === 0;
}
