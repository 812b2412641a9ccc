/** The client of an agent: it starts the command itself, in its own process, and has the agent supervise it. */
import { connect } from "node:net";
import { MessageChannel } from "node:worker_threads";
import {
  type ChildState,
  closeDescriptor,
  closeToOthers,
  descendantsOf,
  spawnWorkload,
  withOpenFileLimit,
} from "@isoline/linux";
import { CliError } from "../error.ts";
import { cells, makeControlBlock, publish } from "../namespace/control-block.ts";
import type { Entry } from "../namespace/entry.ts";
import { findProgram } from "../namespace/command.ts";
import { FirstProcess } from "../namespace/first-process.ts";
import {
  launchData,
  launchOutcome,
  listenerOf,
  StartFailure,
  startFailure,
  UNSTARTED,
} from "../namespace/launching.ts";
import type { LaunchOrder } from "../namespace/messages.ts";
import type { DepartureReport, RunReport } from "../namespace/report.ts";
import { startLauncher } from "../namespace/threads.ts";
import type { Started } from "../namespace/crew.ts";
import { AGENT_PLACE } from "./configuration.ts";
import { Frames } from "./frames.ts";
import type { SensorName } from "../namespace/plan.ts";
import { type Asked, MOST_ASKED, MOST_TOLD, type Told, VERSION } from "./words.ts";

/** How a command that was handed over came out. */
export interface HandedOver {
  readonly exit: ChildState;
  readonly isStarted: boolean;
  readonly report: RunReport;
  readonly removedSignature: boolean;
}

/** A command, and the frame that asks the agent to supervise it. */
export interface HandOver {
  /** The program and its arguments as raw bytes. */
  readonly command: readonly Uint8Array[];
  readonly sensor: SensorName;
  readonly opening: { readonly ask: string };
}

/** Told of what happens meanwhile. */
export interface HandOverHooks {
  readonly onBegun: (command: CommandAtAgent) => void;
  readonly onNote: (text: string) => void;
  readonly beforeStop: () => void;
}

export class CommandAtAgent {
  readonly first = new FirstProcess();
  readonly #entry: Entry;
  readonly #order: HandOver;
  readonly #path: Uint8Array;
  readonly #hooks: HandOverHooks;
  readonly #frames: Frames;
  /** Why its start failed, where that may have been refused. */
  #unstarted: StartFailure | undefined;
  #off = 0;
  #over: (handed: HandedOver) => void = () => {};
  #failed: (fault: Error) => void = () => {};
  #asked: ((departures: readonly DepartureReport[]) => void) | undefined;
  #taken: () => void = () => {};

  private constructor(entry: Entry, order: HandOver, hooks: HandOverHooks, frames: Frames) {
    this.#entry = entry;
    this.#order = order;
    this.#hooks = hooks;
    this.#frames = frames;
    this.#path = findProgram(order.command[0] ?? Buffer.alloc(0), entry);
  }

  /** Connects to the agent at `socket` and runs the command to the end of its last process. */
  static async run(socket: string, entry: Entry, order: HandOver, hooks: HandOverHooks): Promise<HandedOver> {
    const frames = await connected(socket, { isToBegin: order.opening.ask === "begin" });
    return new CommandAtAgent(entry, order, hooks, frames).#run();
  }

  /** Off-contour events so far. */
  get off(): number {
    return this.#off;
  }

  /** Departures from one on, at most a hundred. */
  departures(from: number): Promise<readonly DepartureReport[]> {
    if (this.#frames.isOver || this.#asked !== undefined) return Promise.resolve([]);
    return new Promise((resolve) => {
      this.#asked = resolve;
      this.#ask({ say: "departures", from });
    });
  }

  #ask(asked: Asked): void {
    this.#frames.send(asked);
  }

  async #run(): Promise<HandedOver> {
    this.first.onStop = (signal) => {
      // The bpf sensor stops a task that waits for a verdict, and no terminal stops with SIGSTOP.
      if (this.#order.sensor === "bpf" && signal === SIGSTOP) return;
      this.#hooks.beforeStop();
      process.kill(process.pid, "SIGSTOP");
    };
    this.first.onToldToEnd = () => this.#ask({ say: "end" });
    this.first.onEnd = (exit) => this.#ask({ say: "ended", exit });
    this.first.takeSignals(this.#entry);
    const over = new Promise<HandedOver>((resolve, reject) => {
      this.#over = resolve;
      this.#failed = reject;
    });
    this.#frames.onFrame = (frame) => this.#hear(frame as Told);
    this.#frames.onOver = (why) => this.#failed(gone(why, this.#order.sensor, this.#left()));
    this.#frames.send({ isoline: VERSION, ...this.#order.opening });
    try {
      return await over;
    } finally {
      this.#asked?.([]);
      this.#frames.onOver = () => {};
      this.#frames.close();
    }
  }

  /** The processes that still run, as far as they can be found: orphans are children of another process. */
  #left(): readonly number[] {
    const { pid, isOver } = this.first;
    return pid === 0 || isOver ? [] : [pid, ...descendantsOf([pid])];
  }

  #hear(told: Told): void {
    switch (told.say) {
      case "launch":
        void this.#launch(told.order).catch((fault: Error) => this.#notLaunched(fault));
        return;
      case "taken":
        return this.#taken();
      case "begun":
        return this.#hooks.onBegun(this);
      case "off":
        this.#off = told.off;
        return;
      case "departures": {
        const resolve = this.#asked;
        this.#asked = undefined;
        return resolve?.(told.departures);
      }
      case "note":
        return this.#hooks.onNote(told.text);
      case "over":
        void this.first
          .ending()
          .then(() => this.#over({ exit: this.first.exit, isStarted: this.#unstarted === undefined, ...told }));
        return;
      case "refused":
        return this.#refused(told);
      case "heard":
      case "stderr":
      case "status":
      case "answer":
        return;
    }
  }

  /** Of a first exec that failed, the agent knows why: it sends a report where the namespace refused it. */
  #notLaunched(fault: Error): void {
    this.#unstarted = fault instanceof StartFailure ? fault : undefined;
    this.#ask({ say: "failed", message: fault.message.slice(0, 1000), unstarted: this.#unstarted?.code });
    if (this.#unstarted === undefined) this.#failed(fault);
    else this.first.told(UNSTARTED);
  }

  #refused({ code, message }: Extract<Told, { say: "refused" }>): void {
    const own = this.#unstarted;
    const says = own === undefined || own.code === code;
    this.#failed(says ? Object.assign(new CliError("agent-refused", message), { code }) : own);
  }

  async #launch(order: LaunchOrder): Promise<void> {
    const launch = launchData(this.#entry, this.#order.command, this.#path);
    const started = order.sensor === "seccomp" ? await this.#filtered(order, launch) : this.#invited(order, launch);
    closeToOthers();
    this.first.started(started.pid);
    this.#ask({ say: "started", pid: started.pid, landlock: started.landlock, mitigated: started.mitigated });
    if (this.first.isOver) this.#ask({ say: "ended", exit: this.first.exit });
  }

  /** The agent admits the next child of this very thread. */
  #invited({ openFiles }: LaunchOrder, { launch }: ReturnType<typeof launchData>): Omit<Started, "kind"> {
    const start = () => spawnWorkload(launch);
    const pid = openFiles === undefined ? start() : withOpenFileLimit(openFiles, start);
    if (pid <= 0) throw startFailure(this.#path, -pid);
    return { pid, landlock: undefined, mitigated: undefined };
  }

  /** A thread installs the filter on itself and starts the command; the agent takes the filter's listener from this process. */
  async #filtered(order: LaunchOrder, launch: ReturnType<typeof launchData>): Promise<Started> {
    const block = makeControlBlock();
    const orders = new MessageChannel();
    const launched = new MessageChannel();
    const launcher = startLauncher({ block, orders: orders.port2, outcome: launched.port2 });
    const outcome = launchOutcome({ launch: { launcher, launched: launched.port1 } }, this.#path);
    outcome.catch(() => {});
    launcher.postMessage(launch);
    orders.port1.postMessage(order);
    this.first.isOrdered = () => true;
    const taken = new Promise<void>((resolve) => {
      this.#taken = resolve;
    });
    publish(block, cells.ready, 1);
    const listener = await listenerOf(launcher, block);
    if (listener >= 0) {
      this.#ask({ say: "filtered", listener });
      await taken;
      // Held here as well, the workload would wait for ever once the agent has ended, instead of failing closed.
      closeDescriptor(listener);
    }
    return outcome;
  }
}

const SIGSTOP = 19;

/** A connection to the agent; throws `no-agent` where none answers. `isToBegin`: where users begin namespaces for themselves. */
export function connected(path: string, { isToBegin }: { readonly isToBegin: boolean }): Promise<Frames> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("error", (fault) => {
      const expected = isToBegin
        ? `expected this machine's agent to let users begin namespaces at ${path}, and nothing answers there`
        : `expected this machine's agent at ${path}, and it does not answer`;
      const next = isToBegin
        ? `name who may under \`begin:\` in ${AGENT_PLACE}, and start isoline agent anew`
        : 'start it with isoline agent, and wait for its line "ready"';
      reject(new CliError("no-agent", `${expected} (${fault.message}); ${next}; docs/agent.md`, { cause: fault }));
    });
    socket.once("connect", () => resolve(new Frames(socket, { most: MOST_TOLD, unsent: 2 * MOST_ASKED })));
  });
}

/** What goes on without the agent, and what can be done about it. */
function gone(why: string | undefined, sensor: SensorName, left: readonly number[]): CliError {
  const ended = `the agent has ended${why === undefined ? "" : ` (${why})`}`;
  const pids = left.join(" ");
  const running =
    left.length === 0
      ? "what is left of the command"
      : `what still runs (${left.length === 1 ? "process" : "processes"} ${pids})`;
  const became =
    sensor === "bpf"
      ? `${running} goes on, and where it was enforced the kernel goes on refusing; start isoline agent, which takes it over where it can, or end it`
      : `in ${running} mediated calls fail with ENOSYS from now on; end it${pids === "" ? "" : ` (kill -9 ${pids})`}, start isoline agent, and start the command anew`;
  return new CliError("no-agent", `${ended}; ${became}; docs/agent.md`);
}
