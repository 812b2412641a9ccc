/** The interface between a sensor and the model that decides. */
import type { ContentRemark } from "@isoline/core/engine";
import type { Actor, Operation, Subject } from "@isoline/core/event";
import type { Call, Image, Observation, Task } from "@isoline/core/identity";
import type { ActingProcess, ActingThread, Identity } from "./acting.ts";
import type { Asking } from "./asking.ts";
import type { FileInspector } from "./inspection.ts";
import type { HostNames } from "./names/host-names.ts";
import type { LocalEnd, LocalSocket } from "./own-ports.ts";
import type { Tools } from "./tools.ts";

/** The act in the sensor's terms: raw canonical paths, raw ids, raw ports. */
export type Act<O extends Operation = Operation> = {
  [K in O]: {
    readonly op: K;
    readonly subject: Subject<K>;
    readonly observation?: Partial<Observation>;
    /** Remarks about the content of the files. */
    readonly content?: readonly ContentRemark[];
    /** The verdict is valid for this moment only: content that counts may change without any sign. */
    readonly passing?: true;
    /** The act targets the supervisor: refused in every mode, on or off contour. */
    readonly isKept?: true;
    /** The sensor refuses the call whatever the verdict is: no person is asked about it. */
    readonly isRefusedAnyway?: true;
  };
}[O];

/** An act whose call the sensor refuses whatever the verdict is. */
export function refusedAnyway(act: Act): Act {
  return { ...act, isRefusedAnyway: true };
}

/** The kernel will refuse the call by itself, so nothing is exchanged. */
export interface Refusal {
  readonly refusedWith: number;
}

/**
 * A verdict as the sensor carries it out: 0 lets the call go ahead, a positive value is the errno it fails with. Negative values are
 * no verdicts: the call is answered already, or waits for a person (`HELD`).
 */
export type Verdict = number;

/** The bytes by which a repeated event is recognised: the first `length` of `bytes`. */
export interface KeyBytes {
  readonly bytes: Uint8Array;
  readonly length: number;
}

export interface Mediator {
  /** The files whose content counts: those executed, or every regular file that is read. */
  readonly content: "executed" | "read";
  readonly allowsIoUring: boolean;
  /** What the rules of the policy about tools need to know. */
  readonly tools: Tools;
  /** Whether an act without a verdict may have to be refused; otherwise it may be decided afterwards. */
  readonly mayRefuse: boolean;
  /** Whether answers wait for what is being recorded; nothing further is decided then. */
  readonly witnessing: { readonly isUnderWay: boolean };
  /** Where a person is asked about what is off contour: then a verdict may be `HELD`. */
  readonly asking?: Asking | undefined;
  /** Inspects each file before its use is decided; undefined without an inspector. */
  readonly inspector?: FileInspector | undefined;
  /** The verdict that a raw key got before, or undefined if the key is new. */
  repeated(key: KeyBytes, process: ActingProcess): Verdict | undefined;
  /** Decides about a new event; stores the verdict under the key, if one is given. */
  decide(act: Act, thread: ActingThread, actor: Actor, key: KeyBytes | undefined): Verdict;
  /** The identity that a process gets by executing these images (raw canonical paths), called like this (as in the act). */
  taskOf(
    parent: Identity,
    images: readonly [Image, ...Image[]],
    thread: ActingThread,
    call: Call,
  ): { task: Task; program: string };
  born(process: ActingProcess): void;
  died(process: ActingProcess): void;
  /** An event could not be observed or resolved: the measurement is incomplete, and the mode decides whether the call may go ahead. */
  lost(reason: string, process?: ActingProcess): Verdict;
  /** The parent of a new process had to be guessed among several: the process is not trusted. */
  guessed(process: ActingProcess): void;
  /**
   * A process runs another file than the one it was allowed to execute, or runs it with other arguments, because another task
   * changed the path or the arguments; or it cannot be proven that it executed what was allowed. The process becomes untrusted
   * and gets an identity that no contour knows, which is returned.
   */
  unidentified(
    process: ActingProcess,
    why: "swapped" | "called-otherwise" | "unproven",
  ): { task: Task; program: string };
  /** The kernel would have refused the call anyway. */
  attempted(): void;
  /** The act that was decided last had no effect: it created, moved or removed no name. */
  withdraw(): void;
  /** A call went ahead although another task may have changed its arguments before the kernel read them. */
  racy(call: string): void;
  /**
   * A socket without a port is about to get one; `resolve` returns it later. `network` is the maker of its network ("" for the
   * launch's).
   */
  portPending(resolve: () => LocalSocket | undefined, network: string): void;
  /** A socket of the namespace, by inode, was bound or used. */
  ownSocket(inode: number): void;
  /** What is known of hosts by name; undefined if they are called by their addresses. */
  readonly hosts?: HostNames | undefined;
  /** Whether no socket listens at an address whose port was assigned to the namespace: a connect to it exchanges nothing. */
  isNobodys(end: LocalEnd, network: string, sockets: string | undefined): boolean;
  /** Whether only sockets of the namespace listen at an address. */
  isOwnServer(end: LocalEnd, sockets: string | undefined): boolean;
}
