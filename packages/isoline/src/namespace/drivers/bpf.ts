/**
 * The bpf sensor, with its BPF programs and their keeper. Loaded only where it is used: it is a third of what a supervising thread
 * would have to load otherwise, and brings half of Node's modules.
 */
import { closeSync, openSync } from "node:fs";
import { resolve } from "node:path";
import {
  DEFAULT_HOLD_SECONDS,
  type Ending,
  filesWithContent,
  type OpenedBpf,
  openBpf,
  type Sensor,
} from "@isoline/linux";
import { awaitCell, cells, type ControlBlock } from "../control-block.ts";
import type { SupervisorMessage } from "../messages.ts";
import type { Beginning, Plan } from "../plan.ts";
import type { RunReport } from "../report.ts";
import type { Session } from "../session.ts";
import type { Driver } from "./driver.ts";
import { startKeeper } from "./keeper.ts";

export class BpfDriver implements Driver {
  readonly openFiles: number | undefined;
  readonly #block: ControlBlock;
  readonly #bpf: OpenedBpf;
  /** Ends the keeper, if there is one. */
  readonly #stopKeeper: (() => void) | undefined;

  /** Opens the sensor, and tells the BPF programs from which thread the workload will come. */
  constructor(plan: Plan, block: ControlBlock, session: Session, say: (message: SupervisorMessage) => void) {
    const { holdSeconds = DEFAULT_HOLD_SECONDS, adopt, places, label = "", root, known } = plan;
    const { contour, policy } = session.model;
    const bars = policy.reaction === "deny-all" || policy.reaction === "kill" || policy.reaction === "freeze";
    const bpf = openBpf(session.mediator, { bars, points: contour.size, holdSeconds, label, adopt, root, known });
    // A workload with a terminal is not stopped at once, and what it waits for should not take long.
    if (bpf.holds && root === undefined && hasTerminal()) bpf.readAhead(filesWithContent(contour, places));
    this.openFiles = plan.openFiles;
    this.#block = block;
    this.#bpf = bpf;
    this.#stopKeeper = bpf.holds ? startKeeper(bpf.half) : undefined;
    if (bpf.holds) {
      const { holding, id } = bpf.half;
      say({ kind: "holds", holds: { fd: holding.fd, id, seconds: holdSeconds || DEFAULT_HOLD_SECONDS } });
    }
    if (adopt !== undefined) {
      // The workload lives already and is not launched: the launching thread ends, and its part counts as done.
      Atomics.store(block, cells.workload, 1);
      return;
    }
    bpf.half.journal.append(JSON.stringify(beginningOf(plan)));
    bpf.half.launchFrom(awaitCell(block, cells.launcherTid));
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

  /** A process that hears of the end may end this one, and what is pinned would stay. */
  end(): RunReport["kernel"] {
    const { sensor, half } = this.#bpf;
    sensor.settle();
    const counted = Object.fromEntries(half.tallies());
    sensor.close();
    this.#stopKeeper?.();
    return counted;
  }

  close(): void {}
}

/** What is noted for the supervisor that takes the namespace over, should this one die. */
function beginningOf({ places, contour, output, mode }: Plan): Beginning {
  const file = contour ?? output;
  return { places, contour: file && resolve(file), mode };
}

/** Whether this process has a controlling terminal, as its children will. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
