/**
 * Stops every process of a namespace while a person is asked at the terminal that they share with it, and has them go on afterwards.
 *
 * A stopped process draws nothing and starts nothing, and no process of the namespace is left to continue it. One that was stopped
 * before stays stopped afterwards. Parents go on last: they find that their children run, and so do not take them for stopped jobs.
 */
import { readdirSync } from "node:fs";
import { close, pidfdSendSignal } from "../abi/libc.ts";
import { statFields } from "../process/proc-status.ts";
import type { Sensor } from "./sensor.ts";
import { descendantsOf, openMember } from "./signal-all.ts";

type Members = Pick<Sensor, "processes" | "has">;

const SIGSTOP = 19;
const SIGCONT = 18;
/** A process that forks again and again is stopped in the end, because each round stops all that there are. */
const MOST_ROUNDS = 100;
const PAUSE_MS = 2;
/** States of a thread that runs no code of its own: stopped, traced, ended, or deep in the kernel, as where it waits for a verdict. */
const AT_REST = new Set(["T", "t", "Z", "X", "D"]);
const START_TIME = 22 - 3;

export class Standstill {
  /** By pid: a descriptor of the process, and its start in clock ticks. */
  readonly #stopped = new Map<number, { readonly pidfd: number; readonly started: number }>();

  /** Stops them all; false if one of them still runs after a while. */
  begin(sensor: Members): boolean {
    // A process that was on its way into the kernel may have had a child until it was at rest: only then can there be no more.
    for (let round = 0, wereAtRest = false; round < MOST_ROUNDS; round++) {
      const found = this.#stopAll(sensor);
      if (found === 0 && wereAtRest) return true;
      wereAtRest = found === 0 && [...this.#stopped.keys()].every(isAtRest);
      if (!wereAtRest) Atomics.wait(cell, 0, 0, PAUSE_MS);
    }
    return false;
  }

  /** Has those go on that this stopped, the youngest first. */
  end(): void {
    const youngestFirst = [...this.#stopped.values()].sort((one, other) => other.started - one.started);
    for (const { pidfd } of youngestFirst) {
      pidfdSendSignal(pidfd, SIGCONT);
      close(pidfd);
    }
    this.#stopped.clear();
  }

  #stopAll(sensor: Members): number {
    const known = [...sensor.processes].map(({ pid }) => pid);
    const pids = new Set([...known, ...descendantsOf(known)]);
    let found = 0;
    for (const pid of pids) if (!this.#stopped.has(pid) && this.#stop(sensor, pid)) found += 1;
    return found;
  }

  #stop(sensor: Members, pid: number): boolean {
    const fields = statFields(pid);
    if (fields === undefined || fields[0] === "T" || fields[0] === "Z") return false;
    const pidfd = openMember(sensor, pid);
    if (pidfd < 0) return false;
    if (pidfdSendSignal(pidfd, SIGSTOP) < 0) {
      close(pidfd);
      return false;
    }
    this.#stopped.set(pid, { pidfd, started: Number(fields[START_TIME]) });
    return true;
  }
}

const cell = new Int32Array(new SharedArrayBuffer(4));

function isAtRest(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((tid) => AT_REST.has(statFields(Number(tid))?.[0] ?? "X"));
  } catch {
    return true;
  }
}
