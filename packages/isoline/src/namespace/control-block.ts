/**
 * Memory that the threads of a supervisor share: the progress of the launch, and the counters of the status line.
 *
 * One Int32Array. Each cell has one writer; a cell that another thread waits on is stored and notified with Atomics.
 */
import { MOST_FILTERS } from "@isoline/linux";

export const cells = {
  /** 0 until the supervising thread is ready for a listener; 1 then; -1 if it failed. */
  ready: 0,
  /** 0 until the launching thread has a listener; then the descriptor of an open one; -1 if there is none, or none any more. */
  listener: 1,
  /** Thread id of the supervising thread, to which the doorbell signal is sent. */
  supervisorTid: 2,
  /** Incremented with each request to the supervising thread. */
  rung: 3,
  /** Set to the value of `rung` that was answered last. */
  answered: 4,
  /** Live counters, low 31 bits. */
  events: 5,
  points: 6,
  departures: 7,
  attempts: 8,
  /** Not 0 once the policy stopped a process: a stop of the workload was then not caused by the terminal. */
  frozen: 9,
  /** 0 until the launching thread runs; then its thread id. */
  launcherTid: 10,
  /** 0 until the workload is started; then its pid; -1 if it could not be started. */
  workload: 11,
  /** Not 0 while the namespace stands still for a question: a stop of the workload then was not caused by the terminal. */
  standing: 12,
} as const;

/** From here on: the listeners of what was brought in from outside, up to the first 0. */
const FURTHER_LISTENERS = 16;
const CELLS = FURTHER_LISTENERS + MOST_FILTERS;

export type ControlBlock = Int32Array<SharedArrayBuffer>;

export function makeControlBlock(): ControlBlock {
  return new Int32Array(new SharedArrayBuffer(CELLS * 4));
}

/** Publishes a value that another thread may be waiting for. */
export function publish(block: ControlBlock, cell: number, value: number): void {
  Atomics.store(block, cell, value);
  Atomics.notify(block, cell);
}

/** Blocks this thread until a cell is no longer 0; returns its value. */
export function awaitCell(block: ControlBlock, cell: number): number {
  while (Atomics.load(block, cell) === 0) Atomics.wait(block, cell, 0);
  return Atomics.load(block, cell);
}

/** What a launch that has failed did not publish it never will: who waits for it need not any more. */
export function publishNoLaunch(block: ControlBlock): void {
  for (const cell of [cells.workload, cells.listener])
    if (Atomics.compareExchange(block, cell, 0, -1) === 0) Atomics.notify(block, cell);
}

/** Notes the listeners that are open in this process: it may live on where the supervising thread is lost. */
export function noteListeners(block: ControlBlock, [first = -1, ...further]: readonly number[]): void {
  Atomics.store(block, cells.listener, first);
  for (const [index, listener] of [...further, 0].entries()) Atomics.store(block, FURTHER_LISTENERS + index, listener);
}

/** Takes the listeners that are open, to close them: nothing else may use them then, and none can be noted for the launch any more. */
export function takeListeners(block: ControlBlock): ReadonlySet<number> {
  const taken = new Set([Atomics.exchange(block, cells.listener, -1)]);
  for (let cell = FURTHER_LISTENERS; cell < CELLS && block[cell] !== 0; cell++)
    taken.add(Atomics.exchange(block, cell, 0));
  for (const none of [0, -1]) taken.delete(none);
  return taken;
}

/** Counters that live in shared memory, so that a status line can show them while the sensor blocks. */
export function countsIn(block: ControlBlock): { events: number; attempts: number; novel: number } {
  let events = 0;
  let attempts = 0;
  return {
    novel: 0,
    get events() {
      return events;
    },
    set events(value: number) {
      events = value;
      block[cells.events] = value & 0x7fff_ffff;
    },
    get attempts() {
      return attempts;
    },
    set attempts(value: number) {
      attempts = value;
      block[cells.attempts] = value & 0x7fff_ffff;
    },
  };
}
