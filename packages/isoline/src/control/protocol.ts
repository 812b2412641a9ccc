/** What is said over a control socket: docs/control-socket.md. */
import type { LiveEvent, Snapshot } from "../namespace/live.ts";

/** `GET /state`: one live namespace at one moment. */
export interface State extends Omit<Snapshot, "processes"> {
  readonly isoline: 1;
  readonly name: string;
  /** Of the workload's first process; whether that still lives is another question. */
  readonly pid: number;
  /** Of the isoline that supervises it. */
  readonly supervisor: number;
  readonly command: string;
  readonly contour: string;
  /** ISO 8601, UTC. */
  readonly started: string;
  readonly processes: number;
}

/** One line of `GET /events`: a decision, or how many could not be sent because nobody took them in time. */
export type EventLine = LiveEvent | { readonly lost: number };

/** A refusal. */
export interface Refusal {
  readonly error: { readonly code: string; readonly message: string };
}

/** What a call of a container's runtime is given files for, and what they are called then. */
export const callFiles: Readonly<Record<string, string>> = {
  process: "$PROCESS",
  "pid-file": "$PIDFILE",
  "new-pid-file": "$PIDFILE.new",
  "console-socket": "$CONSOLE",
};
