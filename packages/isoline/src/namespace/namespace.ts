/**
 * The life of a behaviour namespace: launch, supervise, end.
 *
 *   main thread          signals, the workload's exit, requests, the status line
 *   supervising thread   blocks in the kernel; every decision is made there
 *   launching thread     starts the workload, and is gone
 */
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import {
  type AppliedLandlock,
  type ChildState,
  childState,
  ignoreSignal,
  LinuxError,
  ringDoorbell,
  sendSignal,
} from "@isoline/linux";
import { CliError } from "../error.ts";
import { findProgram } from "./command.ts";
import { cells, type ControlBlock } from "./control-block.ts";
import type { Entry } from "./entry.ts";
import type { LaunchData } from "./launch-thread.ts";
import type { Envelope, LaunchMessage, LiveEvent, Report, Request, SupervisorMessage } from "./messages.ts";
import type { Plan } from "./plan.ts";
import { Threads } from "./threads.ts";

/** How the workload's first process ended, and what its namespace leaves. */
export interface Outcome {
  readonly exit: ChildState;
  readonly report: Report;
  /** What the kernel itself enforces of the contour, if that was asked for. */
  readonly landlock: AppliedLandlock | undefined;
}

const CAP_SYS_ADMIN = 1n << 21n;
const RING_EVERY_MS = 2;
/** A millisecond each. Whoever took the status of our child away must not keep us here for good. */
const ENDING_TRIES = 1000;
/** Signals that a person or a service manager sends to a program it started; passed on to the workload. */
const FORWARDED: readonly NodeJS.Signals[] = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH"];
/** Signals of the terminal: the kernel has sent them to the workload as well. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT", "SIGTSTP", "SIGTTIN", "SIGTTOU"];

export class Namespace {
  readonly block: ControlBlock;
  readonly #entry: Entry;
  readonly #plan: Plan;
  readonly #command: readonly Uint8Array[];
  readonly #threads: Threads;
  readonly #replies = new Map<number, (value: unknown) => void>();
  readonly #followers = new Set<(event: LiveEvent) => void>();
  #nextRequest = 1;
  #ended: ((report: Report) => void) | undefined;
  #failed: ((fault: Error) => void) | undefined;
  #pid = 0;
  #landlock: AppliedLandlock | undefined;
  #exit: ChildState = { state: "running" };

  /** `command` is the program and its arguments as raw bytes. */
  constructor(entry: Entry, plan: Plan, command: readonly Uint8Array[], threads = new Threads()) {
    this.#threads = threads;
    this.block = threads.block;
    this.#entry = entry;
    this.#plan = plan;
    this.#command = command;
  }

  /** Pid of the workload's first process; 0 before it is started. */
  get pid(): number {
    return this.#pid;
  }

  /** Called before this process stops because the workload did. */
  beforeStop: () => void = () => {};

  /** What became of the first process so far. */
  get exit(): ChildState {
    return this.#exit;
  }

  /** Runs the workload to the end of its last process. Whatever is wrong beforehand is thrown before it starts. */
  async run(onStarted: () => void = () => {}): Promise<Outcome> {
    const path = findProgram(this.#command[0] ?? Buffer.alloc(0), this.#entry);
    const ended = new Promise<Report>((resolve, reject) => {
      this.#ended = resolve;
      this.#failed = reject;
    });
    this.#takeSignals();
    this.#supervise();
    const launch = this.#launch(path);
    this.#threads.begin(this.#plan, this.#launchData(path));
    launch.then(onStarted, (fault: Error) => this.#failed?.(fault));
    const report = await ended;
    await this.#ending();
    return { exit: this.#exit, report, landlock: this.#landlock };
  }

  /** Asks the supervising thread; it answers between two calls. */
  async ask(request: Request): Promise<unknown> {
    const id = this.#nextRequest++;
    const reply = new Promise<unknown>((resolve) => this.#replies.set(id, resolve));
    this.#threads.requests.postMessage({ id, request } satisfies Envelope);
    Atomics.add(this.block, cells.rung, 1);
    const ring = () => {
      const tid = Atomics.load(this.block, cells.supervisorTid);
      if (tid !== 0 && Atomics.load(this.block, cells.answered) !== Atomics.load(this.block, cells.rung))
        ringDoorbell(tid);
    };
    ring();
    const bell = setInterval(ring, RING_EVERY_MS);
    try {
      return await reply;
    } finally {
      clearInterval(bell);
    }
  }

  /** Calls `follower` for every decision from now on; the returned function ends it. */
  async follow(follower: (event: LiveEvent) => void): Promise<() => Promise<void>> {
    this.#followers.add(follower);
    await this.ask({ ask: "follow", on: true });
    return async () => {
      this.#followers.delete(follower);
      if (this.#followers.size === 0) await this.ask({ ask: "follow", on: false });
    };
  }

  #supervise(): void {
    const { supervisor } = this.#threads;
    supervisor.on("message", (message: SupervisorMessage) => this.#hear(message));
    supervisor.on("error", (fault) => this.#failed?.(lost(fault.message)));
    supervisor.on("exit", () => this.#failed?.(lost("its thread ended")));
  }

  #hear(message: SupervisorMessage): void {
    switch (message.kind) {
      case "reply":
        this.#replies.get(message.id)?.(message.value);
        this.#replies.delete(message.id);
        return;
      case "event":
        for (const follower of this.#followers) follower(message.event);
        return;
      case "ended":
        for (const resolve of this.#replies.values()) resolve(undefined);
        this.#replies.clear();
        this.#threads.requests.close();
        this.#ended?.(message.report);
        return;
      case "failed":
        this.#failed?.(Object.assign(new CliError("namespace-lost", message.message), { code: message.code }));
        return;
      case "ready":
        return;
    }
  }

  /** Settled when the program runs, or could not be started. */
  #launch(path: Uint8Array): Promise<void> {
    const { launcher, launched } = this.#threads;
    return new Promise((resolve, reject) => {
      launcher.on("error", reject);
      launched.on("message", (message: LaunchMessage) => {
        launched.close();
        if (message.kind === "started") {
          this.#pid = message.pid;
          this.#landlock = message.landlock;
          this.#reap();
          resolve();
        } else if (message.kind === "refused") reject(startFailure(path, message.errno));
        else reject(new LinuxError("launch-failed", message.message));
      });
      launcher.on("exit", () => launched.close());
    });
  }

  /** What the program is started with: as if we were not there. */
  #launchData(path: Uint8Array): LaunchData {
    const { blocked, ignored, environment, open } = this.#entry;
    return {
      noNewPrivileges: !mayFilterFreely(),
      launch: {
        path,
        argv: this.#command,
        environment,
        keep: open,
        shut: [0, 1, 2].filter((fd) => !open.includes(fd)),
        blocked,
        defaults: ignored.map((byte) => ~byte & 0xff),
      },
    };
  }

  /** Signals that were ignored at the start stay ignored; the rest is passed on, or was the terminal's and reached the workload by itself. */
  #takeSignals(): void {
    const ignored = new Set<number>();
    for (let signal = 1; signal <= 64; signal++) {
      const isIgnored = ((this.#entry.ignored[(signal - 1) >> 3] ?? 0) & (1 << ((signal - 1) & 7))) !== 0;
      if (isIgnored && signal !== constants.signals.SIGCHLD) {
        ignored.add(signal);
        ignoreSignal(signal);
      }
    }
    const heard = (name: NodeJS.Signals) => !ignored.has(constants.signals[name]);
    for (const name of FORWARDED.filter(heard)) process.on(name, () => this.#forward(name));
    for (const name of FROM_TERMINAL.filter(heard)) process.on(name, () => this.#fromTerminal(name));
    process.on("SIGCHLD", () => this.#reap());
    process.on("SIGCONT", () => this.#forward("SIGCONT"));
  }

  #forward(name: NodeJS.Signals): void {
    if (this.#pid > 0 && !isOver(this.#exit)) sendSignal(this.#pid, constants.signals[name]);
  }

  /** A Ctrl-C reaches the whole foreground group. Only if we are not in it can the signal have been meant for us alone. */
  #fromTerminal(name: NodeJS.Signals): void {
    if (!inForeground()) this.#forward(name);
  }

  /**
   * A task gives up its filter early in its exit, so that a namespace may be known to be over before its first process can be
   * waited for.
   */
  async #ending(): Promise<void> {
    for (let tries = 0; tries < ENDING_TRIES; tries++) {
      this.#reap();
      if (isOver(this.#exit)) return;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  #stop(): void {
    this.beforeStop();
    process.kill(process.pid, "SIGSTOP");
  }

  #reap(): void {
    if (this.#pid === 0 || isOver(this.#exit)) return;
    const state = childState(this.#pid);
    if (state.state === "running") return;
    if (state.state !== "stopped") this.#exit = state;
    // A workload that the terminal stops takes us with it, as the shell expects; one that policy stops does not.
    else if (Atomics.load(this.block, cells.frozen) === 0) this.#stop();
  }
}

function isOver(state: ChildState): boolean {
  return state.state === "exited" || state.state === "killed";
}

function lost(why: string): CliError {
  return new CliError(
    "namespace-lost",
    `the supervisor failed (${why}); mediated calls of whatever is left of the workload fail with ENOSYS. Please report this`,
  );
}

function startFailure(path: Uint8Array, errno: number): Error {
  const shown = Buffer.from(path).toString("utf8");
  if (errno === constants.errno.ENOENT)
    return new CliError("no-such-command", `${shown}: no such file, or its interpreter is missing`);
  if (errno === constants.errno.EPERM)
    return new CliError("not-executable", `${shown}: starting it is off contour, and was refused`);
  return new CliError("not-executable", `${shown}: cannot be executed (errno ${errno})`);
}

/** With CAP_SYS_ADMIN a filter needs no no_new_privs, so set-user-id programs keep working. */
function mayFilterFreely(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1];
  return effective !== undefined && (BigInt(`0x${effective}`) & CAP_SYS_ADMIN) !== 0n;
}

/** Whether this process is in the foreground group of its terminal (`/proc/self/stat`: pgrp is field 5, tpgid field 8). */
function inForeground(): boolean {
  const text = readFileSync("/proc/self/stat", "latin1");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields[2] === fields[5];
}
