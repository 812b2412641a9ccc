/** The seccomp sensor: receives a stopped call, identifies its task, decodes the call, and carries out the verdict. */
import type { Digest } from "@isoline/core/digest";
import { EPERM } from "../../abi/errno.ts";
import { pidfdSendSignal } from "../../abi/libc.ts";
import { AUDIT_ARCH_X86_64, numbersInUse, X32_SYSCALL_BIT } from "../../abi/syscalls.ts";
import { sendSignal } from "../../process/child.ts";
import { closeToOthers } from "../../process/closed.ts";
import { isFilterListener } from "../../process/descriptors.ts";
import { isUnderMoreFilters } from "../../process/filters.ts";
import { hasEnded } from "../../process/proc-status.ts";
import { foreign } from "./calls/kernel.ts";
import { Context } from "./context.ts";
import { decoders } from "./calls/decoders.ts";
import { HELD } from "../asking.ts";
import type { Built } from "../files/makings.ts";
import type { NodeDigests } from "../files/node-digests.ts";
import type { Ending, Joining, Sensor } from "../sensor.ts";
import type { Mediator, Verdict } from "../mediation.ts";
import { LinuxError } from "../../error.ts";
import { ANSWERED, Listener } from "./listener/notification.ts";
import { isAlive } from "./tasks/alive.ts";
import { DescriptorBudget } from "./tasks/descriptor-budget.ts";
import type { Process } from "./tasks/process.ts";
import { isNoneLeft } from "./tasks/left.ts";
import { pidAmong } from "./tasks/pid-numbers.ts";
import { type TaskEvents, TaskTable } from "./tasks/table.ts";
import { serveUrgently } from "./urgency.ts";

/** During a flood of calls there is no wait that a signal could interrupt: after this many calls, requests are checked all the same. */
const CALLS_AT_ONCE = 256;

export class SeccompSensor implements Sensor {
  readonly #listener: Listener;
  readonly #mediator: Mediator;
  readonly #tasks: TaskTable;
  readonly #context: Context;
  /** Whether its thread may come before all others. Not where strangers decide how much there is to do. */
  isUrgent = true;
  /**
   * The state of the workload's start: until its first call is answered it shares the supervisor's memory, and would be closed
   * with it.
   */
  #stage: "none" | "begins" | "runs" = "none";
  #isNoneLeft = false;

  /**
   * `listener` is the filter's descriptor, owned by the sensor from now on; `supervisor` the pid whose child the workload is; a
   * canister's paths are those of the container.
   */
  constructor(listener: number, supervisor: number, mediator: Mediator, isCanister = false) {
    const budget = new DescriptorBudget();
    this.#listener = new Listener(listener, budget);
    this.#listener.withholds = () => mediator.witnessing.isUnderWay;
    this.#mediator = mediator;
    const events: TaskEvents = {
      born: (process) => mediator.born(process),
      died: (process) => {
        this.#context.mountContexts.forget(process);
        mediator.died(process);
      },
      guessed: (process) => mediator.guessed(process),
      isWaiting: () => this.#listener.stillWaiting(),
      unidentified: (process, why) => mediator.unidentified(process, why),
    };
    this.#tasks = new TaskTable(supervisor, events, budget);
    this.#context = new Context(this.#listener, mediator, this.#tasks, isCanister);
  }

  /** The known processes that have not been found to have ended. */
  get processes(): Iterable<Process> {
    return this.#tasks.processes;
  }

  /** It waits for its answer. */
  actor(pid: number): Process | undefined {
    return this.#tasks.find(pid);
  }

  /** The process of a pid, if it is in the namespace. */
  find(pid: number): Process | undefined {
    return this.#tasks.find(pid);
  }

  /** The process of a directory of /proc that a path named. Its caller still waits, so a process that has ended is found as well. */
  owner(pid: number): Process | undefined {
    return this.#tasks.find(pid);
  }

  pidCalled(actor: number, number: number): number | undefined {
    return pidAmong(actor, number);
  }

  /** The first process is started by another process, which need not be in the places of this one. False if that process has ended. */
  launchedBy(pid: number): boolean {
    this.#tasks.launchPlaces.noteLeaving();
    return this.#tasks.launchedBy(pid);
  }

  /**
   * Takes in the processes that another isoline process brings into the namespace. False if that process has ended, has no filter, or
   * may be in a namespace itself: threads of one that brings processes in are not decided about.
   */
  join({ pid, listener }: Joining): boolean {
    if (listener === undefined || !isFilterListener(listener) || isUnderMoreFilters(pid)) return false;
    if (!this.#listener.mayAdd) return false;
    if (!this.#tasks.launchedBy(pid)) return false;
    this.#tasks.launchPlaces.noteLeaving();
    this.#listener.add(listener);
    return true;
  }

  keep(device: number, inode: number): boolean {
    this.#context.kept.close(device, inode);
    return true;
  }

  /** Called with all its listeners when one was added, and before one is closed: where its thread is lost, another has to close them. */
  set onListeners(told: (fds: readonly number[]) => void) {
    this.#listener.onFilters = told;
  }

  /** Takes the digest of a file that another process computed for that version (`fileVersion`). */
  know(version: string, digest: Digest): void {
    this.#context.files.know(version, digest);
  }

  /** Shares digests with the other namespaces of this process. */
  share(digests: NodeDigests): void {
    this.#context.files.share(digests);
  }

  /** Takes over what earlier runs have built, where the policy knows makers. */
  knowBuilt(built: Built): void {
    this.#context.building.know(built);
  }

  /** What is built by now, with what was taken over. */
  get built(): Built {
    return this.#context.building.built;
  }

  /** Of one without a descriptor it is looked at first whether the pid is still its own: it may end while its call waits. */
  signal(process: Process, signal: number): void {
    if (process.pidfd >= 0) pidfdSendSignal(process.pidfd, signal);
    else if (isAlive(process)) sendSignal(process.pid, signal);
  }

  /** Removes processes that have ended. */
  sweep(): void {
    this.#tasks.sweep();
  }

  /**
   * Whether the namespace has ended though its tasks are not reaped. Where another process has brought some in, they need not be visible
   * here, nor be under more filters.
   */
  lookForEnd(): boolean {
    if (this.#stage !== "runs" || !this.#tasks.launchers.areOne || this.#context.origins.isProcCovered) return false;
    this.sweep();
    for (const { pid } of this.#tasks.processes) if (!hasEnded(pid)) return false;
    this.#isNoneLeft = isNoneLeft();
    return this.#isNoneLeft;
  }

  /**
   * Mediates until the last task of the namespace has ended, or until `onInterrupt` (called when something interrupts the wait for
   * calls: a signal, or what else is attended to) says stop.
   */
  run(onInterrupt: () => "go-on" | "stop"): Ending {
    if (this.isUrgent) serveUrgently();
    for (let calls = 1; ; calls++) {
      const received = this.#listener.receive();
      if (received === "call") this.#answer(this.#mediate());
      if (received === "gone" && this.#listener.isOver()) return this.#ended();
      const isDue = received === "interrupted" || calls % CALLS_AT_ONCE === 0;
      if (isDue && onInterrupt() === "stop") return "stopped";
      if (this.#isNoneLeft) return this.#ended();
    }
  }

  #ended(): Ending {
    if (this.#context.ownGroups.wereMoved) this.#mediator.lost("the supervisor was moved to another control group");
    return "ended";
  }

  /**
   * Decides about at most so many calls, and begins none after so many milliseconds, nor while one waits for its record, without blocking:
   * for a thread that serves several namespaces.
   */
  turn(most: number, milliseconds: number): "ended" | "idle" | "busy" {
    const until = performance.now() + milliseconds;
    for (let calls = 0; calls < most && performance.now() <= until; calls++) {
      const received = this.#listener.receiveNow();
      if (received === "call") this.#answer(this.#mediate());
      else if (received === "gone" && this.#listener.isOver()) return "ended";
      else if (received === "nothing") return "idle";
      if (this.#mediator.witnessing.isUnderWay) return "busy";
    }
    return "busy";
  }

  /** Receives the calls that wait, and decides none: a call that was received is not interrupted by a signal that can be handled. */
  receive(): void {
    this.#listener.receiveWaiting();
  }

  /** What its answers waited for is recorded, or late: they are given. */
  release(): void {
    this.#listener.release();
  }

  /** The descriptors that it waits for between two turns, and for how many milliseconds at most (-1: without a limit). */
  get waiting(): Pick<Listener, "waits" | "patience" | "describe"> {
    return this.#listener;
  }

  close(): void {
    this.#tasks.close();
    this.#listener.close();
    this.#context.close();
  }

  #answer(verdict: Verdict): void {
    if (verdict === HELD) return this.#mediator.asking?.hold(this.#listener.hold());
    if (this.#stage === "begins") {
      closeToOthers();
      this.#stage = "runs";
    }
    if (verdict === ANSWERED) return;
    if (verdict === 0) this.#listener.proceed();
    else this.#listener.refuse(verdict);
  }

  /** Decides about the received call. If a path of it led to an entry of the supervisor's own, it is refused whatever its decoder said. */
  #mediate(): Verdict {
    this.#context.finder.ledToSupervisor = false;
    this.#mediator.asking?.begin(this.#listener.answers);
    const verdict = this.#decode();
    return verdict === 0 && this.#context.finder.ledToSupervisor ? EPERM : verdict;
  }

  #decode(): Verdict {
    const { call } = this.#listener;
    try {
      if (this.#context.origins.isProcCovered) return this.#blind();
      const thread = this.#tasks.thread(call.tid);
      this.#context.caller = thread;
      if (!thread) return this.#stranger(call.tid);
      if (this.#stage === "none") this.#stage = "begins";
      if (call.arch !== AUDIT_ARCH_X86_64) return foreign(this.#context, thread, archName(call.arch), call.number);
      if (call.number >= X32_SYSCALL_BIT) return foreign(this.#context, thread, "x32", call.number - X32_SYSCALL_BIT);
      const decode = decoders.get(call.number);
      if (decode) return decode(this.#context, thread);
      if (!isInUse(call.number)) return foreign(this.#context, thread, "x86-64", call.number);
      return this.#mediator.lost(`no decoder for system call ${call.number}`);
    } catch (fault) {
      if (fault instanceof LinuxError && fault.code === "sensor-lost") throw fault;
      if (!this.#listener.stillWaiting()) return 0;
      return this.#mediator.lost(
        `system call ${call.number}: ${fault instanceof Error ? fault.message : String(fault)}`,
      );
    }
  }

  /** What is read of tasks is not true any more. In no mode does a call go ahead that nothing is known about. */
  #blind(): Verdict {
    this.#mediator.lost("the workload covered /proc, from which isoline reads what it does; its calls are refused");
    return EPERM;
  }

  /** A launching thread has the filter too; any other task that cannot be identified is refused. */
  #stranger(tid: number): Verdict {
    if (this.#tasks.launchers.hasThread(tid) || !this.#listener.stillWaiting()) return 0;
    this.#mediator.lost("a task could not be identified, so its call was refused");
    return EPERM;
  }
}

function isInUse(number: number): boolean {
  return numbersInUse.some(([from, to]) => number >= from && number <= to);
}

function archName(arch: number): string {
  return arch === 0x4000_0003 ? "i386" : `0x${arch.toString(16)}`;
}
