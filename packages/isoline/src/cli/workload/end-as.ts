import { type ChildState, dieBySignal, leave } from "@isoline/linux";
import { status } from "../ending.ts";

/** Ends as the workload's first process ended. Everything must have been written before. */
export function endAs(exit: ChildState): never {
  switch (exit.state) {
    case "exited":
      return leave(exit.status);
    case "killed":
      return dieBySignal(exit.signal);
    case "running":
    case "stopped":
      // The namespace has ended and so has the process, but another reader took its status.
      return leave(status.noWorkload);
  }
}
