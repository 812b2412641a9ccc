/**
 * Opens files for reading without permission events reaching the workload.
 *
 * A process of the workload that has a fanotify group with permission events is asked about every open of the files it has
 * marked, the supervisor's opens included. It would see opens that do not happen without isoline. If it made a mediated call
 * before it answered, the supervisor would wait for it and it for the supervisor, for ever. So a group of the supervisor is
 * asked first: another thread opens the file; the group gets the file with the event, through a descriptor that causes no
 * events (FMODE_NONOTIFY), and denies the open. The kernel asks groups by class, the highest first, and after a denial asks no
 * other (fs/notify/fsnotify.c, fsnotify).
 *
 * Groups of the highest class (FAN_CLASS_PRE_CONTENT) are ordered by their addresses, so a workload with such a group may be
 * asked first. Then the other thread blocks, and this one waits only for a limited time: the file counts as unreadable.
 */
import { Worker } from "node:worker_threads";
import { answerOpen, FAN_ALLOW, FAN_DENY, firstGroup, markOpens, questions } from "../../abi/fanotify.ts";
import { close, poll } from "../../abi/libc.ts";
import { terminated } from "../../abi/bytes.ts";
import { ASKED, FD, GROUP, IDLE, RESULT, STARTING, STATE, TID, WORDS } from "./opener-words.ts";

const POLLIN = 1;
const START_MILLISECONDS = 10_000;
/** Longer than a handler takes, unless it waits for the supervisor. */
const WAIT_MILLISECONDS = 2_000;
/** Time between two polls of the thread, if the supervisor has no group that is asked first. */
const LOOK_MILLISECONDS = 50;
const NONE = -1;

export class QuietOpener {
  readonly #words = new Int32Array(new SharedArrayBuffer(4 * WORDS));
  readonly #group = firstGroup();
  readonly #poll: Buffer = Buffer.alloc(8);

  constructor() {
    this.#words[GROUP] = this.#group;
    this.#poll.writeInt32LE(this.#group, 0);
    this.#poll.writeInt16LE(POLLIN, 4);
    const worker = new Worker(new URL("./opener-thread.js", import.meta.url), {
      workerData: this.#words.buffer,
      stdout: true,
      stderr: true,
    });
    // The thread ends with the process, whatever it waits for.
    worker.unref();
    Atomics.wait(this.#words, STATE, STARTING, START_MILLISECONDS);
  }

  /** Whether the last file is not open yet because a process does not answer its permission event. */
  wasKeptWaiting = false;

  /** A readable descriptor of the object behind an O_PATH descriptor; undefined if it could not be opened in time. */
  open(fd: number): number | undefined {
    // The thread still waits for an earlier file.
    this.wasKeptWaiting = Atomics.load(this.#words, STATE) !== IDLE;
    if (this.wasKeptWaiting) return undefined;
    const path = terminated(`/proc/self/fd/${fd}`);
    const isMarked = this.#group >= 0 && markOpens(this.#group, path, true) >= 0;
    this.#ask(fd);
    const handed = this.#attend(isMarked, performance.now() + WAIT_MILLISECONDS);
    if (isMarked) markOpens(this.#group, path, false);
    this.wasKeptWaiting = handed === NONE && Atomics.load(this.#words, STATE) !== IDLE;
    return this.#result(handed);
  }

  #ask(fd: number): void {
    Atomics.store(this.#words, FD, fd);
    const late = Atomics.exchange(this.#words, RESULT, NONE);
    if (late !== NONE) close(late);
    Atomics.store(this.#words, STATE, ASKED);
    Atomics.notify(this.#words, STATE);
  }

  /** Answers permission events until the other thread is done. Returns the file that the group was given meanwhile, if any. */
  #attend(isMarked: boolean, until: number): number {
    let handed = NONE;
    while (Atomics.load(this.#words, STATE) === ASKED && performance.now() < until) {
      if (isMarked && handed === NONE) handed = this.#answerWaiting();
      else Atomics.wait(this.#words, STATE, ASKED, LOOK_MILLISECONDS);
    }
    return handed;
  }

  /** Denies the open of the supervisor's own thread, whose file is kept, and allows all others, which the other groups then decide. */
  #answerWaiting(): number {
    if (poll(this.#poll, 1, LOOK_MILLISECONDS) <= 0) return NONE;
    let handed = NONE;
    for (const { file, tid } of questions(this.#group)) {
      const isOwn = tid === this.#words[TID];
      answerOpen(this.#group, file, isOwn ? FAN_DENY : FAN_ALLOW);
      if (isOwn && handed === NONE) handed = file;
      else close(file);
    }
    return handed;
  }

  /** The file that the group was given, otherwise the one that the thread has opened by itself. */
  #result(handed: number): number | undefined {
    const opened = Atomics.load(this.#words, STATE) === IDLE ? Atomics.exchange(this.#words, RESULT, NONE) : NONE;
    if (handed !== NONE && opened !== NONE) close(opened);
    const readable = handed === NONE ? opened : handed;
    return readable === NONE ? undefined : readable;
  }
}
