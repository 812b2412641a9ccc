/**
 * Opens files for reading without asking the workload.
 *
 * A process inside that has a fanotify group with permission events is asked about every open of what it has marked, by us
 * as well. It would see opens that there are not without us; and if it made a mediated call before it answered, we would wait
 * for it and it for us, for ever. So a group of our own is asked first: another thread opens the file, our group gets the file
 * with the question, by a descriptor that nobody is asked about (FMODE_NONOTIFY), and answers no. The kernel asks groups by
 * class, the highest first, and after a no it asks no other (fs/notify/fsnotify.c, fsnotify).
 *
 * Among groups of the highest class (FAN_CLASS_PRE_CONTENT) the order is that of their addresses. A workload with such a group
 * may be asked first. Then the other thread waits, and this one only for so long: the file counts as unreadable.
 */
import { Worker } from "node:worker_threads";
import { answerOpen, FAN_ALLOW, FAN_DENY, firstGroup, markOpens, questions } from "../../abi/fanotify.ts";
import { close, poll } from "../../abi/libc.ts";
import { terminated } from "../../abi/bytes.ts";
import { ASKED, FD, GROUP, IDLE, RESULT, STARTING, STATE, TID, WORDS } from "./opener-words.ts";

const POLLIN = 1;
const START_MILLISECONDS = 10_000;
/** More than any handler takes that does not wait for us. */
const WAIT_MILLISECONDS = 2_000;
/** Between two looks at the thread, where there is no group of ours that would be asked. */
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
    // It ends with the process, whatever it waits for.
    worker.unref();
    Atomics.wait(this.#words, STATE, STARTING, START_MILLISECONDS);
  }

  /** Whether the last file is not open yet: a process that is asked about it does not answer. */
  wasKeptWaiting = false;

  /** A readable descriptor of the object behind an O_PATH descriptor; undefined if there is none to be had in time. */
  open(fd: number): number | undefined {
    // It still waits for an earlier file.
    this.wasKeptWaiting = Atomics.load(this.#words, STATE) !== IDLE;
    if (this.wasKeptWaiting) return undefined;
    const path = terminated(`/proc/self/fd/${fd}`);
    const isMarked = this.#group >= 0 && markOpens(this.#group, path, true) >= 0;
    this.#ask(fd);
    const handed = this.#attend(isMarked, Date.now() + WAIT_MILLISECONDS);
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

  /** Answers until the other thread is back; the file that the group was handed meanwhile, if it was. */
  #attend(isMarked: boolean, until: number): number {
    let handed = NONE;
    while (Atomics.load(this.#words, STATE) === ASKED && Date.now() < until) {
      if (isMarked && handed === NONE) handed = this.#answerWaiting();
      else Atomics.wait(this.#words, STATE, ASKED, LOOK_MILLISECONDS);
    }
    return handed;
  }

  /** No to our own thread, whose file is kept; yes to all others, whom the other groups ask then. */
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

  /** What the group was handed, else what the thread has opened by itself. */
  #result(handed: number): number | undefined {
    const opened = Atomics.load(this.#words, STATE) === IDLE ? Atomics.exchange(this.#words, RESULT, NONE) : NONE;
    if (handed !== NONE && opened !== NONE) close(opened);
    const readable = handed === NONE ? opened : handed;
    return readable === NONE ? undefined : readable;
  }
}
