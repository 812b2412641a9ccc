/**
 * What the sensor needs of whoever decides: the port between the kernel's side and the model's.
 */
import type { Actor, Image, Observation, Operation, Subject, Task } from "@isoline/core";
import type { RawKey } from "./raw-key.ts";
import type { Identity, Process, Thread } from "./actors.ts";
import type { FileInspector } from "./inspection.ts";

/** What happened, in the sensor's words: raw canonical paths, raw ids, raw ports. */
export type Act<O extends Operation = Operation> = {
  [K in O]: { readonly op: K; readonly subject: Subject<K>; readonly observation?: Partial<Observation> };
}[O];

/** The kernel will refuse the call by itself, so nothing is exchanged. */
export interface Refusal {
  readonly refusedWith: number;
}

/** A verdict as the sensor carries it out: 0 lets the call go ahead, anything else is the errno it fails with. */
export type Verdict = number;

export interface Mediator {
  /** Which content counts: of what is executed, or of every regular file that is read. */
  readonly content: "executed" | "read";
  readonly allowsIoUring: boolean;
  /** Looks at each file that is used, before its use is decided; undefined where nobody does. */
  readonly inspector?: FileInspector | undefined;
  /** Verdict of a raw key decided before, or undefined if it is new. */
  repeated(key: RawKey, process: Process): Verdict | undefined;
  /** Decides something new; remembers the verdict under the key, if one is given. */
  decide(act: Act, thread: Thread, actor: Actor, key: RawKey | undefined): Verdict;
  /** The identity a process takes on by executing these images (raw canonical paths). */
  taskOf(parent: Identity, images: readonly [Image, ...Image[]], thread: Thread): { task: Task; program: string };
  born(process: Process): void;
  died(process: Process): void;
  /** Something could not be seen or resolved: the measurement is incomplete, and the mode says whether the call may go ahead. */
  lost(reason: string, process?: Process): Verdict;
  /** The identity of a new process had to be guessed among several. */
  guessed(process: Process): void;
  /** A process runs another file than the one it was let execute: its identity is wrong, and somebody saw to that. */
  swapped(process: Process): void;
  /** The kernel would have refused the call anyway. */
  attempted(): void;
  /** An address was bound to port 0; how to ask later which one the kernel gave. */
  portPending(resolve: () => number | undefined): void;
}
