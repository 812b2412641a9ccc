/** What the keeper becomes when the supervisor is dead: it wakes held tasks until no task is held. */
import { wakeHeld } from "@isoline/linux";

const ROUNDS = 100;
const PAUSE_MS = 20;

function run([fd, id]: readonly string[]): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (let round = 0; round < ROUNDS; round++) {
    if (wakeHeld(Number(fd), Number(id), 0) === 0) return;
    Atomics.wait(cell, 0, 0, PAUSE_MS);
  }
}

run(process.argv.slice(2));
