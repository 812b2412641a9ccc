/**
 * What the sensor needs of whoever decides: the port between the kernel's side and the model's.
 */
import type { Actor, Call, ContentRemark, Image, Observation, Operation, Subject, Task } from "@isoline/core";
import type { ActingProcess, ActingThread, Identity } from "./acting.ts";
import type { FileInspector } from "./inspection.ts";
import type { LocalEnd, LocalSocket } from "./own-ports.ts";

/** What happened, in the sensor's words: raw canonical paths, raw ids, raw ports. */
export type Act<O extends Operation = Operation> = {
  [K in O]: {
    readonly op: K;
    readonly subject: Subject<K>;
    readonly observation?: Partial<Observation>;
    /** What there is to say of the files' content beside. */
    readonly content?: readonly ContentRemark[];
    /** The verdict is about this moment: content that counts may change without a sign of that. */
    readonly passing?: true;
    /** It is done to the supervisor: refused in every mode, whatever the contour says. */
    readonly isKept?: true;
  };
}[O];

/** The kernel will refuse the call by itself, so nothing is exchanged. */
export interface Refusal {
  readonly refusedWith: number;
}

/** A verdict as the sensor carries it out: 0 lets the call go ahead, anything else is the errno it fails with. */
export type Verdict = number;

/** The bytes by which a repeated event is recognised: the first `length` of `bytes`. */
export interface KeyBytes {
  readonly bytes: Uint8Array;
  readonly length: number;
}

export interface Mediator {
  /** Which content counts: of what is executed, or of every regular file that is read. */
  readonly content: "executed" | "read";
  readonly allowsIoUring: boolean;
  /** Whether an act may have to be refused that nobody has decided about yet; otherwise it may be decided after the fact. */
  readonly mayRefuse: boolean;
  /** Looks at each file that is used, before its use is decided; undefined where nobody does. */
  readonly inspector?: FileInspector | undefined;
  /** Verdict of a raw key decided before, or undefined if it is new. */
  repeated(key: KeyBytes, process: ActingProcess): Verdict | undefined;
  /** Decides something new; remembers the verdict under the key, if one is given. */
  decide(act: Act, thread: ActingThread, actor: Actor, key: KeyBytes | undefined): Verdict;
  /** The identity a process takes on by executing these images (raw canonical paths), called like this (as in the act). */
  taskOf(
    parent: Identity,
    images: readonly [Image, ...Image[]],
    thread: ActingThread,
    call: Call,
  ): { task: Task; program: string };
  born(process: ActingProcess): void;
  died(process: ActingProcess): void;
  /** Something could not be seen or resolved: the measurement is incomplete, and the mode says whether the call may go ahead. */
  lost(reason: string, process?: ActingProcess): Verdict;
  /** The identity of a new process had to be guessed among several: it is not trusted. */
  guessed(process: ActingProcess): void;
  /**
   * A process runs another file than the one it was let execute, or with other arguments, and somebody saw to that; or it cannot be proven whether it
   * executed what it was let execute. It is not trusted, and none of the programs that a contour knows: the identity returned.
   */
  unidentified(
    process: ActingProcess,
    why: "swapped" | "called-otherwise" | "unproven",
  ): { task: Task; program: string };
  /** The kernel would have refused the call anyway. */
  attempted(): void;
  /** What was decided last did not take effect: no name was made, moved or removed. */
  withdraw(): void;
  /** A call went ahead although others may have changed what it rests on before the kernel looked at it. */
  racy(call: string): void;
  /** A socket has no port yet and is about to be given one; how to ask later which, and in whose network ("" for the launch's). */
  portPending(resolve: () => LocalSocket | undefined, network: string): void;
  /** A socket of the namespace's, by inode, that was bound or used. */
  ownSocket(inode: number): void;
  /** Whether nobody answers at an address whose port the namespace was given: to connect there exchanges nothing. */
  isNobodys(end: LocalEnd, network: string, sockets: string | undefined): boolean;
}
