/** The processes of a namespace, as the BPF programs report them: by a number that is never used twice. */
import type { ActingProcess, Identity } from "../acting.ts";
import { Ancestry } from "../ancestry.ts";
import { outlooks, type ProcessNumber } from "./record.ts";

export interface BpfProcess extends ActingProcess {
  /** Of a process that has ended, it may be one further above: who its parent is, `parentHandle` tells. */
  parent: BpfProcess | undefined;
  hasGap: boolean;
  readonly parentHandle: number;
  identity: Identity;
  multithreaded: boolean;
  countsAnew: boolean;
  atOwnRoot: boolean;
  /** Its ids in its pid namespaces below the first one; the last is its own namespace. */
  readonly numbers: readonly ProcessNumber[];
  /** Descriptors of sockets that were bound to port 0, and so are given one. */
  readonly unnumbered: Set<number>;
}

const MOST_ENDED = 256;

export class ProcessTable {
  readonly #byHandle = new Map<number, BpfProcess>();
  readonly #byPid = new Map<number, BpfProcess>();
  /** The processes that ended last: they can be signalled until their parent has waited for them. */
  readonly #ended = new Map<number, BpfProcess>();
  /** The last process that was born under an earlier supervisor, and those up to it that this one has known. */
  #earlier = 0;
  readonly #takenOver = new Set<number>();
  readonly #ancestry = new Ancestry<BpfProcess>(() => this.#byHandle.values());
  readonly #isTaken: (process: BpfProcess) => boolean;

  /** `isTaken`: whether the kernel has given the id of a process to another one. The end of a process may not have been told. */
  constructor(isTaken: (process: BpfProcess) => boolean = () => false) {
    this.#isTaken = isTaken;
  }

  get all(): Iterable<BpfProcess> {
    return this.#byHandle.values();
  }

  get(handle: number): BpfProcess | undefined {
    return this.#byHandle.get(handle) ?? this.#ended.get(handle);
  }

  /** Whether it is among the processes that have not been found to have ended. */
  knows({ handle }: BpfProcess): boolean {
    return this.#byHandle.has(handle);
  }

  /** The process that has this pid now. */
  find(pid: number): BpfProcess | undefined {
    return this.#ownOf(this.#byPid.get(pid));
  }

  /**
   * The process that had a directory in /proc when it was used. It may have ended since. If a process of no namespace has that
   * id now, the id was used again, and the result is undefined.
   */
  owner(pid: number): BpfProcess | undefined {
    return this.#ownOf(this.recent(pid));
  }

  /** The process that has this pid, or had it a moment ago. */
  recent(pid: number): BpfProcess | undefined {
    return this.#byPid.get(pid) ?? [...this.#ended.values()].findLast((process) => process.pid === pid);
  }

  /**
   * The process with an actor's id, living or just ended; undefined if it is not in the namespace. Of an actor whose fork was not told of
   * no ids are known, and those that it counts with in a pid namespace of its own are not the first namespace's.
   */
  called(actor: BpfProcess, number: number): BpfProcess | undefined {
    const own = actor.numbers.at(-1);
    if (own === undefined) return actor.countsAnew ? undefined : this.recent(number);
    const isMeant = ({ numbers }: BpfProcess) =>
      numbers.some((each) => each.number === number && each.namespace === own.namespace);
    return [...this.#byHandle.values()].findLast(isMeant) ?? [...this.#ended.values()].findLast(isMeant);
  }

  /** The supervisor takes over a namespace of so many processes. One of them that has ended by now was trusted, as the others are. */
  takeOver(last: number): void {
    this.#earlier = last;
  }

  /** Adds a new process. Its own number is certain, and so is its parent's, which may have ended; 0 is the supervisor. */
  add(
    handle: number,
    pid: number,
    parent: number,
    identity: Identity,
    numbers: readonly ProcessNumber[] = [],
  ): BpfProcess {
    const above = this.#byHandle.get(parent);
    const process: BpfProcess = {
      pid,
      handle,
      parent: above,
      hasGap: false,
      parentHandle: parent <= this.#earlier && !this.#takenOver.has(parent) ? 0 : parent,
      pidfd: -1,
      identity,
      otherParents: [],
      multithreaded: false,
      unnumbered: new Set(),
      countsAnew: numbers.length > 0,
      atOwnRoot: above?.atOwnRoot ?? true,
      numbers,
    };
    if (handle <= this.#earlier) this.#takenOver.add(handle);
    this.#byHandle.set(handle, process);
    this.#byPid.set(pid, process);
    return process;
  }

  /** Whether its parent was never added, as far as is remembered: what that one had done is not known. */
  isOfUntold({ parentHandle }: BpfProcess): boolean {
    return parentHandle !== 0 && this.get(parentHandle) === undefined;
  }

  #ownOf(process: BpfProcess | undefined): BpfProcess | undefined {
    return process && !this.#isTaken(process) ? process : undefined;
  }

  remove(process: BpfProcess): void {
    this.#byHandle.delete(process.handle);
    this.#ended.set(process.handle, process);
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= MOST_ENDED) break;
      this.#ended.delete(oldest);
    }
    if (this.#byPid.get(process.pid) === process) this.#byPid.delete(process.pid);
    this.#ancestry.ended(process);
  }
}

/** Notes from where a process acts. Whether it has left its root: a runtime enters a container's before the workload begins. */
export function hasLeftRoot(process: BpfProcess, outlook: number): boolean {
  const atOwnRoot = (outlook & outlooks.otherRoot) === 0;
  const hasLeft = process.atOwnRoot && !atOwnRoot;
  process.atOwnRoot = atOwnRoot;
  process.countsAnew = (outlook & outlooks.otherNumbers) !== 0;
  return hasLeft;
}
