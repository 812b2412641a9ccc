/** One sensor of a session, from before the workload starts to after its end. */
import type { Ending, Sensor } from "@isoline/linux";
import type { RunReport } from "../report.ts";

export interface Driver {
  /** Soft limit of open files that the launching thread must set, where it cannot be set while the workload waits. */
  readonly openFiles: number | undefined;
  /** Waits for the launch, as far as the sensor needs it; undefined where there is nothing to supervise. */
  start(): Sensor | undefined;
  /** Supervises until the namespace is over, or until `onInterrupt` says to stop. */
  run(onInterrupt: () => "go-on" | "stop"): Ending;
  /** Has the kernel decide as the session does by now. */
  adapt(): void;
  /** Ends what others must not find any more when they hear of the end; what the kernel has counted, if it has. */
  end(): RunReport["kernel"];
  close(): void;
}
