/** The program that the keeper executes when the supervisor has died: it wakes held tasks until none is left. */
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
