/**
 * A thread that opens files one after the other and may be kept waiting for it, so that the supervising thread is not.
 *
 * Whoever asks writes a descriptor into the shared words; what it finds there then is the descriptor that was opened, or
 * a negative number.
 */
import { constants, openSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { answerOpen, FAN_ALLOW, questions } from "../../abi/fanotify.ts";
import { close, gettid } from "../../abi/libc.ts";
import { ASKED, FD, GROUP, IDLE, RESULT, STATE, TID } from "./opener-words.ts";

/** A question may come after the mark is gone, by a task that had seen it: so long that task may wait. */
const LOOK_MILLISECONDS = 100;

const words = new Int32Array(workerData as SharedArrayBuffer);

function open(fd: number): number {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return -1;
  }
}

/** Nobody of ours opens anything now: whoever still asks is let go on. */
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
