/**
 * The life of a behaviour namespace: launch, supervise, end. A process may have several at once.
 *
 *   main thread          signals, the workload's exit, requests, the status line
 *   supervising thread   blocks in the kernel; every decision is made there
 *   launching thread     starts the workload, and is gone
 */
import { constants } from "node:os";
import { type AppliedLandlock, type ChildState, lookUpHost, type Note, takeBack, wakeHeld } from "@isoline/linux";
import { CliError } from "../error.ts";
import { Asking } from "./asking.ts";
import { findProgram } from "./command.ts";
import { Checkpoints } from "./checkpoints.ts";
import { cells, type ControlBlock, publishNoLaunch } from "./control-block.ts";
import { EndedDepartures } from "./ended-departures.ts";
import type { Entry } from "./entry.ts";
import { FirstProcess } from "./first-process.ts";
import { launchData, launchOutcome, StartFailure, UNSTARTED } from "./launching.ts";
import type { LiveEvent } from "./live.ts";
import type { Holds, SupervisorMessage } from "./messages.ts";
import { Pauses } from "./pauses.ts";
import type { Plan } from "./plan.ts";
import { Questions } from "./questions.ts";
import type { Findings } from "./report.ts";
import type { Ask } from "./requests.ts";
import type { Crew } from "./crew.ts";
import { closeListeners, ThreadWatch } from "./thread-watch.ts";
import { startThreads } from "./start-threads.ts";
import type { MitigationReport } from "./trust-mitigations.ts";
import { ToldToEnd } from "./told-to-end.ts";

/** How the workload's first process ended, and the results of its namespace. */
export interface Outcome {
  readonly exit: ChildState;
  /** False where isoline refused to start it: then `exit` is what a shell says of a command that cannot be executed. */
  readonly isStarted: boolean;
  readonly report: Findings;
  /** What the kernel itself enforces of the contour, if that was requested. */
  readonly landlock: AppliedLandlock | undefined;
}

export interface NamespaceOptions {
  /** Threads that were started in advance; new ones if there are none. */
  readonly threads?: Crew | undefined;
  /**
   * Whether this process stands in for the workload: signals to it are for the workload, and it stops when the workload stops.
   * False in a process that does other things as well.
   */
  readonly standsIn?: boolean;
  /** Where its departures are kept for its report. */
  readonly departures?: EndedDepartures;
}

/** A C library that asks waits for as long. */
const LOOKUP_MS = 5000;
const OVERDUE_EVERY_MS = 1000;
const LOOK_FOR_END_MS = 5000;
/** Where a first exec failed elsewhere, what started it ends at once; more than that has its filter if this does not do. */
const UNSTARTED_MS = 5000;

export class Namespace {
  readonly block: ControlBlock;
  readonly first = new FirstProcess();
  /** Sends a request to the supervising thread; undefined if the namespace has ended. */
  readonly ask: Ask;
  /** The acts that wait for an answer. */
  readonly questions: Questions;
  readonly #entry: Entry;
  readonly #plan: Plan;
  readonly #command: readonly Uint8Array[];
  readonly #path: Uint8Array;
  readonly #threads: Crew;
  readonly #standsIn: boolean;
  readonly #asking: Asking;
  readonly #toldToEnd: ToldToEnd;
  readonly #checkpoints: Checkpoints;
  readonly #followers = new Set<(event: LiveEvent) => void>();
  readonly #pauses = new Pauses((seconds) => this.onPause(seconds));
  readonly #departures: EndedDepartures;
  #landlock: AppliedLandlock | undefined;
  #mitigated: MitigationReport["launch"] | undefined;
  #unstarted: StartFailure | undefined;
  /** Why nothing was started elsewhere, although its filter came: said when that is supervised no more. */
  #unlaunched: Error | undefined;
  #abandoning: NodeJS.Timeout | undefined;
  #watch: ThreadWatch | undefined;
  #overdue: NodeJS.Timeout | undefined;
  #looking: NodeJS.Timeout | undefined;
  /** Of the bpf sensor, as long as its thread has not said that it ends: it then takes the note back itself. */
  #note: Note | undefined;
  #ready: () => void = () => {};
  #ended: (report: Findings) => void = () => {};
  #failed: (fault: Error) => void = () => {};

  /** `command` is the program and its arguments as raw bytes; throws if the program does not exist. */
  constructor(entry: Entry, plan: Plan, command: readonly Uint8Array[], options: NamespaceOptions = {}) {
    // Before any thread is started: one that is still loading native code cannot be ended.
    const isOurs = plan.adopt === undefined && plan.launcher === undefined;
    this.#path = isOurs ? findProgram(command[0] ?? Buffer.alloc(0), entry) : Buffer.alloc(0);
    const { threads = startThreads(), standsIn = true, departures = new EndedDepartures() } = options;
    this.#departures = departures;
    this.#threads = threads;
    this.#standsIn = standsIn;
    this.block = threads.block;
    this.#entry = entry;
    this.#plan = plan;
    this.#command = command;
    this.#asking = new Asking(threads.block, threads.requests);
    this.ask = (request) => this.#asking.ask(request);
    this.#checkpoints = new Checkpoints(plan, this.ask);
    this.questions = new Questions(this.ask);
    this.#toldToEnd = new ToldToEnd(
      this.ask,
      (...told) => this.onEnding(...told),
      () => this.#failed(lost("its supervising thread does not return from the kernel", plan)),
    );
  }

  /** Called once, when the command itself has ended; what it started may go on. */
  set onCommandEnd(listener: (exit: ChildState) => void) {
    this.first.onEnd = listener;
  }

  /** Called when isoline was told to end, and the rest of the workload is signalled or killed. */
  onEnding: (what: "told" | "killed", name: NodeJS.Signals, processes: number) => void = () => {};
  /** Called when this process runs again after it did not run for this many seconds. */
  onPause: (seconds: number) => void = () => {};
  /** Called when the engine at the other end of a wire is lost: what is new cannot be decided any more. */
  onEngineLost: (why: string) => void = () => {};
  /** Called before this process stops because the workload did. */
  beforeStop: () => void = () => {};

  /**
   * Runs the workload to the end of its last process. Any other error is thrown before it starts. That isoline refused to start it is
   * no error, but a run with this one departure.
   */
  async run(onStarted: () => void = () => {}): Promise<Outcome> {
    const ended = this.#supervise();
    const leaveSignals = this.#takeSignals();
    const launch = launchOutcome(this.#threads, this.#path);
    this.#threads.begin(this.#plan, launchData(this.#entry, this.#command, this.#path));
    this.#pauses.start();
    launch.then(({ pid, landlock, mitigated }) => {
      this.#landlock = landlock;
      this.#mitigated = mitigated;
      this.first.started(pid);
      this.#checkpoints.start();
      this.#looking = setInterval(() => this.#lookForEnd(), LOOK_FOR_END_MS).unref();
      onStarted();
    }, this.#notStarted);
    try {
      const report = await ended;
      if (this.#unlaunched !== undefined) throw this.#unlaunched;
      await this.first.ending();
      const learns = this.#plan.output !== undefined;
      if (this.#unstarted !== undefined && (learns || !isRefusedBy(report)))
        throw this.#unstarted.with(report.integrity?.failures ?? []);
      const { mitigations, ...rest } = report;
      const whole = mitigations && { ...mitigations, launch: this.#mitigated ?? {} };
      const told = whole === undefined ? rest : { ...rest, mitigations: whole };
      const isStarted = this.#unstarted === undefined;
      return { exit: this.first.exit, isStarted, report: told, landlock: this.#landlock };
    } finally {
      leaveSignals();
    }
  }

  /**
   * Of a first exec that failed, the supervising thread knows why: it ends at once, and says so. A launch that failed elsewhere may leave
   * tasks with its filter: they are not supervised, as nothing tells of them, and the thread ends.
   */
  readonly #notStarted = (fault: Error): void => {
    const isRefused = fault instanceof StartFailure;
    const leavesFilter = this.#threads.launch instanceof Promise && Atomics.load(this.block, cells.listener) > 0;
    if (!isRefused) publishNoLaunch(this.block);
    if (!isRefused && !leavesFilter) return this.#failed(fault);
    if (isRefused) {
      this.#unstarted = fault;
      this.first.told(UNSTARTED);
    } else this.#unlaunched = fault;
    if (!leavesFilter) return;
    const abandon = () =>
      void this.ask({ ask: "abandon", why: "its command was not started, and tasks with its filter were left" });
    this.#abandoning = setTimeout(abandon, isRefused ? UNSTARTED_MS : 0);
  };

  /** Takes over a live namespace, to the end of its last process. How its first process ended is unknown. */
  async attach(onStarted: () => void): Promise<Outcome> {
    const ended = this.#supervise();
    this.#ready = onStarted;
    this.#threads.supervisor.postMessage(this.#plan);
    const { launch } = this.#threads;
    if (!(launch instanceof Promise)) launch.launched.close();
    return { exit: this.first.exit, isStarted: true, report: await ended, landlock: undefined };
  }

  /**
   * Calls `follower` for every decision from now on; the returned function stops that. To follow from the start, see `followed`
   * of the plan.
   */
  async follow(follower: (event: LiveEvent) => void): Promise<() => Promise<void>> {
    const unfollow = this.hear(follower);
    await this.ask({ ask: "follow", on: true });
    return unfollow;
  }

  /** Calls `follower` for every decision that the supervising thread reports. */
  hear(follower: (event: LiveEvent) => void): () => Promise<void> {
    this.#followers.add(follower);
    return async () => {
      this.#followers.delete(follower);
      if (this.#followers.size === 0) await this.ask({ ask: "follow", on: false });
    };
  }

  /** Ends every process of it: sends SIGTERM, and kills the rest after a few seconds, or at once when called again. */
  end(name: NodeJS.Signals = "SIGTERM"): void {
    this.#toldToEnd.hear(name);
  }

  /** The returned function stops watching the workload; a process that stands in goes on hearing signals to its end. */
  #takeSignals(): () => void {
    if (!this.#standsIn) return this.first.watch();
    this.first.onStop = (signal) => this.#stop(signal);
    this.first.isOrdered = () => Atomics.load(this.block, cells.ready) !== 0;
    // A container is ended by its engine, which signals its processes and not this one.
    if (this.#plan.root === undefined) this.first.onToldToEnd = (name) => this.end(name);
    return this.first.takeSignals(this.#entry);
  }

  #supervise(): Promise<Findings> {
    const { supervisor } = this.#threads;
    return new Promise((resolve, reject) => {
      this.#ended = resolve;
      this.#failed = (fault) => {
        this.#close();
        reject(fault);
      };
      supervisor.on("message", (message: SupervisorMessage) => this.#hear(message));
      supervisor.on("error", (fault) => this.#threadLost(fault.message));
      supervisor.on("exit", () => this.#threadLost("its supervising thread ended"));
      this.#watch = new ThreadWatch(this.block, () => {
        if (this.#plan.sensor !== "bpf") closeListeners(this.block);
        this.#threadLost("its supervising thread ended");
      });
    });
  }

  /** Before Linux 6.11 the kernel does not say that a namespace is over whose orphans are never reaped. */
  #lookForEnd(): void {
    if (this.first.isOver) void this.ask({ ask: "look-for-end" });
  }

  /** The thread is gone, and this process may live on. */
  #threadLost(why: string): void {
    if (this.#note !== undefined) takeBack(this.#note);
    this.#note = undefined;
    this.#failed(lost(why, this.#plan));
  }

  #hear(message: SupervisorMessage): void {
    switch (message.kind) {
      case "reply":
        return this.#asking.heard(message.id, message.value);
      case "event":
        for (const follower of this.#followers) follower(message.event);
        return;
      case "question":
        return this.questions.heard(message.question);
      case "withdrawn":
        return this.questions.withdrawn(message.id);
      case "unasked":
        return this.questions.unasked(message.why);
      case "engine-lost":
        return this.onEngineLost(message.why);
      case "look-up":
        void lookUpHost(message.name, LOOKUP_MS).then((found) =>
          this.ask({ ask: "looked-up", name: message.name, found }),
        );
        return;
      case "departures":
        this.#departures.take(message.departures);
        return;
      case "ended":
        this.#note = undefined;
        this.#close();
        this.#ended({
          ...message.findings,
          departures: this.#departures.departures,
          incomplete: [...message.findings.incomplete, ...this.#departures.losses],
          ...this.#answers,
          pauses: this.#pauses.report,
        });
        return;
      case "failed":
        this.#note = undefined;
        this.#failed(Object.assign(new CliError("namespace-lost", message.message), { code: message.code }));
        return;
      case "noted":
        this.#note = message.note;
        return;
      case "holds":
        this.#wakeOverdue(message.holds);
        return;
      case "left":
        this.#note = undefined;
        clearInterval(this.#overdue);
        return;
      case "ready":
        return this.#ready();
    }
  }

  get #answers(): Pick<Findings, "answers"> {
    return this.#plan.asks === undefined ? {} : { answers: this.questions.answers };
  }

  /** The supervising thread sends nothing more. */
  #close(): void {
    clearInterval(this.#overdue);
    clearInterval(this.#looking);
    clearTimeout(this.#abandoning);
    this.#watch?.stop();
    this.#checkpoints.stop();
    this.#pauses.stop();
    this.#toldToEnd.stop();
    this.questions.end();
    this.#asking.end();
  }

  /** The supervising thread wakes the tasks it has decided about; if it is stuck, a task that has waited too long is refused. */
  #wakeOverdue({ fd, id, seconds }: Holds): void {
    this.#overdue = setInterval(() => wakeHeld(fd, id, seconds), OVERDUE_EVERY_MS).unref();
  }

  /** If the terminal stops the workload, isoline stops too, as the shell expects; not if the policy stopped it. */
  #stop(signal: number): void {
    if (Atomics.load(this.block, cells.frozen) !== 0 || Atomics.load(this.block, cells.standing) !== 0) return;
    // The bpf sensor stops a task that waits for a verdict, and no terminal stops with this signal.
    if (this.#plan.sensor === "bpf" && signal === constants.signals.SIGSTOP) return;
    this.beforeStop();
    process.kill(process.pid, "SIGSTOP");
    this.#pauses.meant();
  }
}

function isRefusedBy({ refused, integrity }: Findings): boolean {
  return refused > 0 || (integrity?.denied ?? 0) > 0;
}

function lost(why: string, { sensor }: Plan): CliError {
  const left =
    sensor === "bpf"
      ? "what was decided for the processes that are left goes on as it was, and the rest is refused if they were enforced (isoline attach takes them over)"
      : "mediated calls of the processes that are left fail with ENOSYS";
  return new CliError("namespace-lost", `the supervisor failed (${why}); ${left}; please report this`);
}
