/**
 * The bpf sensor, with its BPF programs and their keeper. Loaded only if it is used: it is a third of the code of a supervising
 * thread, and imports half of Node's modules.
 */
import { closeSync, openSync } from "node:fs";
import type { Digest } from "@isoline/core/digest";
import {
  DEFAULT_HOLD_SECONDS,
  type Ending,
  filesWithContent,
  launchFromProcess,
  type OpenedBpf,
  openBpf,
  type Sensor,
  takeIn,
} from "@isoline/linux";
import { fileDigestOf } from "../../store/contour-file.ts";
import { beginningOf } from "../beginning.ts";
import { awaitCell, cells, type ControlBlock } from "../control-block.ts";
import type { SupervisorMessage } from "../messages.ts";
import type { Plan } from "../plan.ts";
import type { RunReport } from "../report.ts";
import type { Session } from "../session.ts";
import type { Driver } from "./driver.ts";
import { startKeeper } from "./keeper.ts";
import { digestsOf } from "./node-digests.ts";

/** Bytes of a ring for a namespace that a stranger began: memory of the kernel's. What does not fit in is said to be lost. */
const STRANGER_RING = 2 ** 20;

/** What a report says that is of a namespace whose contour was amended, or exchanged, before another supervisor took over. */
const OTHER_CONTOUR = "what happened before this supervisor took over was decided by a contour with another digest";

const NO_ROOM = "no other supervisor can take this namespace over: there was no room to note how it began";

export class BpfDriver implements Driver {
  readonly openFiles: number | undefined;
  readonly #block: ControlBlock;
  readonly #bpf: OpenedBpf;
  readonly #say: (message: SupervisorMessage) => void;
  /** Ends the keeper, if there is one. */
  #stopKeeper: (() => void) | undefined;
  #isLeft = false;

  /** Opens the sensor, and registers the thread from which the workload will be started with the BPF programs. */
  constructor(plan: Plan, block: ControlBlock, session: Session, say: (message: SupervisorMessage) => void) {
    const { holdSeconds = DEFAULT_HOLD_SECONDS, adopt, places, label = "", root, known } = plan;
    const { contour, policy } = session.model;
    const bars = policy.reaction === "deny-all" || policy.reaction === "kill" || policy.reaction === "freeze";
    const named = { label, adopt, root, known, shared: digestsOf(plan) };
    const ring = plan.forStranger === true ? { ringSize: STRANGER_RING } : {};
    const bpf = openBpf(session.mediator, { bars, points: contour.size, holdSeconds, ...named, ...ring });
    this.openFiles = plan.openFiles;
    this.#block = block;
    this.#bpf = bpf;
    this.#say = say;
    say({ kind: "noted", note: bpf.kernel.note });
    try {
      // A workload with a terminal is not stopped at once, so its waits should be short.
      if (bpf.holds && root === undefined && hasTerminal()) bpf.readAhead(filesWithContent(contour, places));
      if (bpf.holds) {
        this.#stopKeeper = startKeeper(bpf.kernel);
        const { holding, id } = bpf.kernel;
        say({ kind: "holds", holds: { fd: holding.fd, id, seconds: holdSeconds || DEFAULT_HOLD_SECONDS } });
      }
      // The workload is running already and is not launched: the launching thread ends, and its part counts as done.
      if (adopt !== undefined) Atomics.store(block, cells.workload, 1);
      else if (!this.#begin(plan, fileDigestOf(contour))) session.mediator.missed(NO_ROOM);
      const begunUnder = adopt?.begunUnder;
      if (begunUnder !== undefined && begunUnder !== fileDigestOf(contour)) session.mediator.missed(OTHER_CONTOUR);
    } catch (fault) {
      this.#leave();
      throw fault;
    }
  }

  /** False where another supervisor could not take it over. What a stranger begins none does, so nothing is noted of that. */
  #begin(plan: Plan, digest: Digest | undefined): boolean {
    const { kernel, sensor } = this.#bpf;
    if (plan.forStranger === true) kernel.journal.stop();
    const isNoted = kernel.journal.append(JSON.stringify(beginningOf(plan, digest)));
    if (plan.takesIn !== undefined) {
      takeIn(kernel, plan.takesIn);
      sensor.takenIn(plan.takesIn.pid);
    } else if (plan.launcher === undefined) kernel.launchFrom(awaitCell(this.#block, cells.launcherTid));
    else launchFromProcess(kernel, plan.launcher);
    return isNoted;
  }

  start(): Sensor {
    return this.#bpf.sensor;
  }

  run(onInterrupt: () => "go-on" | "stop"): Ending {
    return this.#bpf.sensor.run(onInterrupt, () => Atomics.load(this.#block, cells.workload));
  }

  adapt(): void {
    this.#bpf.sensor.adapt();
  }

  /** A reader of the final message may end this process, and pins would remain. */
  end(): RunReport["kernel"] {
    const { sensor, kernel } = this.#bpf;
    sensor.settle();
    const counted = Object.fromEntries(kernel.tallies());
    this.#leave();
    return counted;
  }

  close(): void {}

  /** Where no process has begun in the namespace, one may just be starting: it begins inside, where all is refused, and not outside. */
  fail(): void {
    if (!this.#isLeft && this.#bpf.kernel.census().born > 0) this.#leave();
  }

  /** A process that asks again and again, and is refused, must leave nothing behind. */
  #leave(): void {
    this.#isLeft = true;
    this.#say({ kind: "left" });
    try {
      this.#bpf.sensor.close();
    } finally {
      this.#stopKeeper?.();
    }
  }
}

/** Whether this process, and so its children, has a controlling terminal. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
