/** The seccomp sensor: supervises through the listener that the launching thread gets from the kernel. */
import { SeccompSensor, setOpenFileLimit } from "@isoline/linux";
import { digestsOf } from "./node-digests.ts";
import { BuiltRecord } from "../../store/built-file.ts";
import { awaitCell, cells, type ControlBlock, noteListeners } from "../control-block.ts";
import type { Plan } from "../plan.ts";
import type { Session } from "../session.ts";
import { closeListeners } from "../thread-watch.ts";
import type { Driver } from "./driver.ts";

export class SeccompDriver implements Driver {
  /** Set while the workload waits. */
  readonly openFiles = undefined;
  readonly #plan: Plan;
  readonly #block: ControlBlock;
  readonly #session: Session;
  /** What was built under this contour, if its policy knows makers and the contour need not be signed. */
  readonly #built: BuiltRecord | undefined;
  #sensor: SeccompSensor | undefined;

  constructor(plan: Plan, block: ControlBlock, session: Session) {
    this.#plan = plan;
    this.#block = block;
    this.#session = session;
    const contour = plan.output ?? plan.contour;
    const isKept = session.mediator.tools.knowMakers && contour !== undefined && plan.signed === undefined;
    this.#built = isKept ? BuiltRecord.beside(contour) : undefined;
  }

  start(): SeccompSensor | undefined {
    const listener = awaitCell(this.#block, cells.listener);
    if (listener < 0) return undefined;
    const { mediator } = this.#session;
    const { places, known = [], openFiles, launcher } = this.#plan;
    const sensor = new SeccompSensor(listener, process.pid, mediator, places.canister !== undefined);
    sensor.onListeners = (listeners) => noteListeners(this.#block, listeners);
    if (launcher !== undefined) sensor.launchedBy(launcher);
    sensor.isUrgent = this.#plan.forStranger !== true;
    for (const { version, digest } of known) sensor.know(version, digest);
    const digests = digestsOf(this.#plan);
    if (digests !== undefined) sensor.share(digests);
    if (this.#built !== undefined) sensor.knowBuilt(this.#built.known);
    let limit = openFiles;
    // The first call of the first process is its execve: it still waits, so the limit that it should start with can be set.
    mediator.onBirth = (process) => {
      if (limit !== undefined) setOpenFileLimit(process.pid, limit);
      limit = undefined;
    };
    this.#sensor = sensor;
    return sensor;
  }

  run(onInterrupt: () => "go-on" | "stop"): "ended" | "stopped" {
    return this.#sensor?.run(onInterrupt) ?? "ended";
  }

  /** The session itself decides about every call. */
  adapt(): void {}

  end(): null {
    if (this.#sensor !== undefined) this.#built?.save(this.#sensor.built);
    return null;
  }

  close(): void {
    this.#sensor?.close();
    this.#built?.close();
  }

  /** Nothing takes over from a listener: its process may live on, and mediated calls must fail instead of waiting. */
  fail(): void {
    try {
      this.close();
    } finally {
      closeListeners(this.#block);
    }
  }
}
