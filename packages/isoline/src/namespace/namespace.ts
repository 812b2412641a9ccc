/**
 * The life of a behaviour namespace: launch, supervise, end.
 *
 *   main thread          signals, the workload's exit, requests, the status line
 *   supervising thread   blocks in the kernel; every decision is made there
 *   launching thread     starts the workload, and is gone
 */
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { receiveMessageOnPort } from "node:worker_threads";
import { type AppliedLandlock, type ChildState, LinuxError, ringDoorbell, wakeHeld } from "@isoline/linux";
import { CliError } from "../error.ts";
import { findProgram } from "./command.ts";
import { cells, type ControlBlock } from "./control-block.ts";
import type { Entry } from "./entry.ts";
import { FirstProcess } from "./first-process.ts";
import type { LaunchData } from "./launch-thread.ts";
import type {
  DepartureReport,
  Envelope,
  Holds,
  LaunchMessage,
  LiveEvent,
  Report,
  Request,
  SupervisorMessage,
} from "./messages.ts";
import { Pauses } from "./pauses.ts";
import type { Plan } from "./plan.ts";
import { Threads } from "./threads.ts";
import { ToldToEnd } from "./told-to-end.ts";

/** How the workload's first process ended, and what its namespace leaves. */
export interface Outcome {
  readonly exit: ChildState;
  readonly report: Report;
  /** What the kernel itself enforces of the contour, if that was asked for. */
  readonly landlock: AppliedLandlock | undefined;
}

const CAP_SYS_ADMIN = 1n << 21n;
const RING_EVERY_MS = 2;
const OVERDUE_EVERY_MS = 1000;

export class Namespace {
  readonly block: ControlBlock;
  readonly first = new FirstProcess();
  readonly #entry: Entry;
  readonly #plan: Plan;
  readonly #command: readonly Uint8Array[];
  readonly #threads: Threads;
  readonly #replies = new Map<number, (value: unknown) => void>();
  readonly #followers = new Set<(event: LiveEvent) => void>();
  #nextRequest = 1;
  #ended: ((report: Report) => void) | undefined;
  #failed: ((fault: Error) => void) | undefined;
  #landlock: AppliedLandlock | undefined;
  readonly #departures: DepartureReport[] = [];
  #ready: () => void = () => {};
  #overdue: NodeJS.Timeout | undefined;
  #isOver = false;
  readonly #pauses = new Pauses((seconds) => this.onPause(seconds));

  /** `command` is the program and its arguments as raw bytes. */
  constructor(entry: Entry, plan: Plan, command: readonly Uint8Array[], threads = new Threads()) {
    this.#threads = threads;
    this.block = threads.block;
    this.#entry = entry;
    this.#plan = plan;
    this.#command = command;
  }

  /** Called when isoline was told to end, and what is left of the workload is told or killed. */
  onEnding: (what: "told" | "killed", name: NodeJS.Signals, processes: number) => void = () => {};
  /** Called when this process runs again after it did not, for so many seconds. */
  onPause: (seconds: number) => void = () => {};
  /** Called before this process stops because the workload did. */
  beforeStop: () => void = () => {};

  /** Runs the workload to the end of its last process. Whatever is wrong beforehand is thrown before it starts. */
  async run(onStarted: () => void = () => {}): Promise<Outcome> {
    const path = findProgram(this.#command[0] ?? Buffer.alloc(0), this.#entry);
    const ended = new Promise<Report>((resolve, reject) => {
      this.#ended = resolve;
      this.#failed = reject;
    });
    this.first.onStop = (signal) => this.#stop(signal);
    this.first.takeSignals(this.#entry);
    // A container is ended by its engine, which tells its processes and not us.
    if (this.#plan.root === undefined) {
      const told = new ToldToEnd((request) => this.ask(request), this.onEnding);
      this.first.onToldToEnd = (name) => told.hear(name);
    }
    this.#supervise();
    const launch = this.#launch(path);
    this.#threads.begin(this.#plan, launchData(this.#entry, this.#command, path));
    this.#pauses.start();
    launch.then(onStarted, (fault: Error) => this.#failed?.(fault));
    const report = await ended;
    await this.first.ending();
    return { exit: this.first.exit, report, landlock: this.#landlock };
  }

  /** Takes over a namespace that lives already, to the end of its last process. Nothing is known of how its first one ended. */
  async attach(onStarted: () => void): Promise<Outcome> {
    const ended = new Promise<Report>((resolve, reject) => {
      this.#ended = resolve;
      this.#failed = reject;
    });
    this.#ready = onStarted;
    this.#supervise();
    this.#threads.supervisor.postMessage(this.#plan);
    this.#threads.launched.close();
    return { exit: this.first.exit, report: await ended, landlock: undefined };
  }

  /** Asks the supervising thread; it answers between two calls. */
  async ask(request: Request): Promise<unknown> {
    if (this.#isOver) return undefined;
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
      case "departures":
        this.#departures.push(...message.departures);
        return;
      case "ended":
        clearInterval(this.#overdue);
        this.#pauses.look();
        this.#isOver = true;
        for (const resolve of this.#replies.values()) resolve(undefined);
        this.#replies.clear();
        this.#threads.requests.close();
        this.#ended?.({ ...message.report, departures: this.#departures, pauses: this.#pauses.report });
        return;
      case "failed":
        this.#failed?.(Object.assign(new CliError("namespace-lost", message.message), { code: message.code }));
        return;
      case "holds":
        this.#wakeOverdue(message.holds);
        return;
      case "ready":
        this.#ready();
        return;
    }
  }

  /** The supervising thread wakes whom it has decided about; should it be stuck, whoever waited for too long is refused. */
  #wakeOverdue({ fd, id, seconds }: Holds): void {
    this.#overdue = setInterval(() => wakeHeld(fd, id, seconds), OVERDUE_EVERY_MS).unref();
  }

  /** Settled when the program runs, or could not be started. */
  #launch(path: Uint8Array): Promise<void> {
    const { launcher, launched } = this.#threads;
    return new Promise((resolve, reject) => {
      launcher.on("error", reject);
      const hear = (message: LaunchMessage) => {
        launched.close();
        if (message.kind === "started") {
          this.#landlock = message.landlock;
          this.first.started(message.pid);
          resolve();
        } else if (message.kind === "refused") reject(startFailure(path, message.errno));
        else reject(new LinuxError("launch-failed", message.message));
      };
      launched.on("message", hear);
      launcher.on("exit", () => {
        // The end of a thread may be told before the last that it said; who is not told of the workload cannot wait for it.
        const unheard = receiveMessageOnPort(launched);
        if (unheard) hear(unheard.message as LaunchMessage);
        else launched.close();
      });
    });
  }

  /** A workload that the terminal stops takes us with it, as the shell expects; one that policy stops does not. */
  #stop(signal: number): void {
    if (Atomics.load(this.block, cells.frozen) !== 0) return;
    // The bpf sensor stops whoever waits for a verdict, and no terminal stops with this signal.
    if (this.#plan.sensor === "bpf" && signal === constants.signals.SIGSTOP) return;
    this.beforeStop();
    process.kill(process.pid, "SIGSTOP");
    this.#pauses.meant();
  }
}

/** What a program is started with: as if we were not there. */
export function launchData(entry: Entry, argv: readonly Uint8Array[], path: Uint8Array): LaunchData {
  const { blocked, ignored, environment, open, user } = entry;
  return {
    noNewPrivileges: user === undefined ? !mayFilterFreely() : user.uid !== 0,
    launch: {
      path,
      argv,
      environment,
      keep: open,
      shut: [0, 1, 2].filter((fd) => !open.includes(fd)),
      blocked,
      defaults: ignored.map((byte) => ~byte & 0xff),
      user,
    },
  };
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
