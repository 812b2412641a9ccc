/** One sensor of a session, from before the workload starts to after its end. */
import type { Ending, Sensor } from "@isoline/linux";
import type { RunReport } from "../report.ts";

export interface Driver {
  /** Soft limit of open files that the launching thread must set, if it cannot be set while the workload waits. */
  readonly openFiles: number | undefined;
  /** Waits for the launch, as far as the sensor needs it; undefined if there is nothing to supervise. */
  start(): Sensor | undefined;
  /** Supervises until the namespace has ended, or until `onInterrupt` says to stop. */
  run(onInterrupt: () => "go-on" | "stop"): Ending;
  /** Passes the session's present mode to the kernel. */
  adapt(): void;
  /** Removes what must not exist any more when the end is announced; returns the kernel's counters, if there are any. */
  end(): RunReport["kernel"];
  close(): void;
  /** Instead of these two where the thread fails: what it noted in the kernel is taken back, so that another supervisor can take over. */
  fail(): void;
}
