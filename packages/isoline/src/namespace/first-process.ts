/** The workload's first process. If isoline stands in for it, signals to isoline are passed on to it, and isoline ends as it ends. */
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { type ChildState, childState, dieBySignal, ignoreSignal, ignoreUnhandled, sendSignal } from "@isoline/linux";
import type { Entry } from "./entry.ts";
import { Strays } from "./strays.ts";

/** In milliseconds. If another thread took the child's status, this must not wait for ever. */
const ENDING_TRIES = 1000;
const LOOK_EVERY_MS = 500;
/** How long a signal that ends programs may wait for the workload's start. */
const LONGEST_START_MS = 5000;
/** Signals that a user or a service manager sends to a program it started; passed on to the workload. */
const FORWARDED: readonly NodeJS.Signals[] = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH"];
/**
 * Signals of the terminal: the kernel has sent them to the workload as well. SIGTTOU is ignored: with a handler for it, what isoline
 * writes in the background to a terminal that stops its writers (stty tostop) would fail and be made again, without an end.
 */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT", "SIGTSTP", "SIGTTIN"];
/** Signals by which a user, a terminal or a service manager ends a program. */
const ENDS: ReadonlySet<NodeJS.Signals> = new Set(["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"]);
/** What it gets once it runs, where it came while it was being started. A terminal's stop signals reach it without us. */
const KEPT: ReadonlySet<NodeJS.Signals> = new Set([...FORWARDED, ...ENDS]);
/** SIGCHLD, and the doorbell signal of the supervising thread. */
const OURS: readonly NodeJS.Signals[] = ["SIGCHLD", "SIGCONT", "SIGURG"];

export class FirstProcess {
  /** Called once, when it has ended. */
  onEnd: (exit: ChildState) => void = () => {};
  /** Called when it was stopped. */
  onStop: (signal: number) => void = () => {};
  /** Called when a signal that ends programs arrives after it has ended: then the signal is meant for isoline. */
  onToldToEnd: (name: NodeJS.Signals) => void = () => {};
  /** Whether its start was ordered: then it may run while its process id is not known here yet. */
  isOrdered: () => boolean = () => false;
  /** The one that signals to this process are for. */
  static #current: FirstProcess | undefined;
  /** Those whose end is watched for. */
  static readonly #watched = new Set<FirstProcess>();
  #pid = 0;
  /** The signals that came while it was being started. */
  readonly #early: NodeJS.Signals[] = [];
  #strays: Strays | undefined;
  #exit: ChildState = { state: "running" };

  /** 0 before it is started. */
  get pid(): number {
    return this.#pid;
  }

  /** The changes of its state so far. */
  get exit(): ChildState {
    return this.#exit;
  }

  get isOver(): boolean {
    return this.#exit.state === "exited" || this.#exit.state === "killed";
  }

  started(pid: number): void {
    this.#pid = pid;
    this.#reap();
    this.#strays?.look();
    for (const name of this.#early.splice(0)) this.#forward(name);
  }

  /** What its parent says of its end, where that is another process. */
  told(exit: ChildState): void {
    if (this.isOver) return;
    this.#exit = exit;
    this.onEnd(exit);
  }

  /** Waits until it has ended. */
  async end(): Promise<ChildState> {
    // A pending signal handler does not keep Node alive.
    while (!this.isOver) {
      await new Promise<void>((resolve) => {
        this.onEnd = () => resolve();
        setTimeout(resolve, LOOK_EVERY_MS);
      });
      this.#reap();
    }
    return this.#exit;
  }

  /**
   * Signals that were ignored at the start stay ignored. Signals of the terminal have reached the workload; all others are
   * passed on. A process may stand in for several workloads, one after the other: signals are for the last. The returned function
   * stops watching for the end of this one.
   */
  takeSignals(entry: Entry): () => void {
    const isTaken = FirstProcess.#current !== undefined;
    FirstProcess.#current = this;
    if (!isTaken)
      takeAll(entry, (name, how) => {
        if (FirstProcess.#current !== undefined) FirstProcess.#current.#hear(name, how);
      });
    return this.watch();
  }

  /** Watches for its stops and its end, and reaps what else comes to be a child of this process; the returned function stops that. */
  watch(): () => void {
    const strays = new Strays(FirstProcess.#isExpected);
    this.#strays = strays;
    const reap = () => {
      this.#reap();
      strays.look();
    };
    FirstProcess.#watched.add(this);
    process.on("SIGCHLD", reap);
    return () => {
      process.off("SIGCHLD", reap);
      strays.stop();
      FirstProcess.#watched.delete(this);
    };
  }

  /** While one is being started, each child may be that. */
  static #isExpected(this: void, pid: number): boolean {
    for (const first of FirstProcess.#watched)
      if (first.#pid === 0 || (first.#pid === pid && !first.isOver)) return true;
    return false;
  }

  /**
   * From Linux 6.11 on a task drops its filter early in its exit, so the namespace may be known to have ended before its first
   * process can be waited for.
   */
  async ending(): Promise<void> {
    for (let tries = 0; tries < ENDING_TRIES; tries++) {
      this.#reap();
      if (this.isOver) return;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  #hear(name: NodeJS.Signals, how: "sent" | "typed"): void {
    if (how === "sent") this.#forward(name);
    else this.#fromTerminal(name);
  }

  #forward(name: NodeJS.Signals): void {
    if (this.#pid === 0) this.#beforeStart(name);
    else if (!this.isOver) sendSignal(this.#pid, constants.signals[name]);
    else if (ENDS.has(name)) this.onToldToEnd(name);
  }

  /**
   * Before the order, nothing runs, and nothing is lost. After it the workload gets the signal once it is started. A second one
   * is for isoline, and so is the first where a start takes long: its exec may wait for an answer.
   */
  #beforeStart(name: NodeJS.Signals): void {
    const isSecond = this.#early.some((early) => ENDS.has(early));
    const die = () => dieBySignal(constants.signals[name]);
    if (ENDS.has(name) && (isSecond || !this.isOrdered())) die();
    if (!KEPT.has(name) || !this.isOrdered()) return;
    this.#early.push(name);
    if (ENDS.has(name)) setTimeout(() => this.#pid === 0 && die(), LONGEST_START_MS).unref();
  }

  /** A Ctrl-C reaches the whole foreground group. Only if isoline is not in it can the signal have been meant for isoline alone. */
  #fromTerminal(name: NodeJS.Signals): void {
    if (this.isOver || this.#pid === 0 || !inForeground()) this.#forward(name);
  }

  #reap(): void {
    if (this.#pid === 0 || this.isOver) return;
    const state = childState(this.#pid);
    if (state.state === "running") return;
    if (state.state === "stopped") {
      this.onStop(state.signal);
      return;
    }
    this.#exit = state;
    this.onEnd(state);
  }
}

function takeAll({ ignored: set }: Entry, hear: (name: NodeJS.Signals, how: "sent" | "typed") => void): void {
  const ignored = new Set<number>();
  for (let signal = 1; signal <= 64; signal++) {
    const isIgnored = ((set[(signal - 1) >> 3] ?? 0) & (1 << ((signal - 1) & 7))) !== 0;
    if (isIgnored && signal !== constants.signals.SIGCHLD) {
      ignored.add(signal);
      ignoreSignal(signal);
    }
  }
  const heard = (name: NodeJS.Signals) => !ignored.has(constants.signals[name]);
  for (const name of FORWARDED.filter(heard)) process.on(name, () => hear(name, "sent"));
  for (const name of FROM_TERMINAL.filter(heard)) process.on(name, () => hear(name, "typed"));
  const handled = [...FORWARDED, ...FROM_TERMINAL, ...OURS].map((name) => constants.signals[name]);
  ignoreUnhandled([...handled, ...ignored]);
  process.on("SIGCONT", () => hear("SIGCONT", "sent"));
}

/** Whether this process is in the foreground group of its terminal (`/proc/self/stat`: pgrp is field 5, tpgid field 8). */
function inForeground(): boolean {
  const text = readFileSync("/proc/self/stat", "latin1");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields[2] === fields[5];
}
