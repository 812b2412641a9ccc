/**
 * A thread that opens files one after the other and may block, so that the supervising thread does not.
 *
 * The caller writes a descriptor into the shared words. The thread replaces it with the descriptor that it opened, or with a
 * negative number.
 */
import { constants, openSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { answerOpen, FAN_ALLOW, questions } from "../../abi/fanotify.ts";
import { close, gettid } from "../../abi/libc.ts";
import { ASKED, FD, GROUP, IDLE, RESULT, STATE, TID } from "./opener-words.ts";

/** A permission event may arrive after the mark is removed, for a task that had seen the mark: that task may wait this long. */
const LOOK_MILLISECONDS = 100;

const words = new Int32Array(workerData as SharedArrayBuffer);

function open(fd: number): number {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return -1;
  }
}

/** This process opens nothing now, so every pending permission event is allowed. */
function letGoOn(group: number): void {
  for (const { file } of group < 0 ? [] : questions(group)) {
    answerOpen(group, file, FAN_ALLOW);
    close(file);
  }
}

Atomics.store(words, TID, gettid());
for (;;) {
  Atomics.store(words, STATE, IDLE);
  Atomics.notify(words, STATE);
  while (Atomics.load(words, STATE) !== ASKED) {
    Atomics.wait(words, STATE, IDLE, LOOK_MILLISECONDS);
    if (Atomics.load(words, STATE) !== ASKED) letGoOn(Atomics.load(words, GROUP));
  }
  Atomics.store(words, RESULT, open(Atomics.load(words, FD)));
}
