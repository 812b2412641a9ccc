/** Who supervises one namespace and who starts its workload: two threads of this process, or a process elsewhere that starts it. */
import type { MessagePort, Worker } from "node:worker_threads";
import type { ControlBlock } from "./control-block.ts";
import type { LaunchData } from "./launch-thread.ts";
import type { LaunchMessage, SupervisorMessage } from "./messages.ts";
import type { Plan } from "./plan.ts";

export type Started = Extract<LaunchMessage, { kind: "started" }>;

/** The supervising side: it takes one plan, and reports until the namespace has ended. */
export interface Supervisor {
  postMessage(plan: Plan): void;
  on(event: "message", listener: (message: SupervisorMessage) => void): unknown;
  on(event: "error", listener: (fault: Error) => void): unknown;
  on(event: "exit", listener: () => void): unknown;
}

/** A thread that starts a workload, and where it reports the outcome. */
export interface Launching {
  readonly launcher: Worker;
  readonly launched: MessagePort;
}

export interface Crew {
  readonly block: ControlBlock;
  readonly supervisor: Supervisor;
  /** Requests to the supervising side. */
  readonly requests: MessagePort;
  /** Sends the task. */
  begin(plan: Plan, launch: LaunchData): void;
  /** A launching thread of this process; or the outcome of a launch elsewhere, when the program runs or could not be started. */
  readonly launch: Launching | Promise<Started>;
}
