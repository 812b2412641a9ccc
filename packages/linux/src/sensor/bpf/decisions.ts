/** Verdicts that are final and were given to the BPF programs. At the end their counts of use are read. */
import type { KeyBytes } from "../mediation.ts";
import type { ModelMediator } from "../model-mediator.ts";
import type { HeldThread } from "./held-thread.ts";
import type { KernelNamespace } from "./kernel-namespace.ts";
import { OrphanedNames } from "./orphaned-names.ts";

/** An act that the BPF programs let go ahead without asking. */
interface LetGo {
  readonly key: Buffer;
  /** What the mediator knows it by. It may have forgotten the key by then. */
  readonly known: number;
  /** How many of its uses were by a task that had been held for it, and so were counted already. */
  counted: number;
}

export class Decisions {
  readonly #kernel: KernelNamespace;
  readonly #mediator: ModelMediator;
  readonly #taken = new Map<string, LetGo>();
  /**
   * By process: its threads that were held and will be refused when their call is restarted. The refusal is reported again, and must
   * not be counted twice. A thread that ends before that leaves its id to another one, whose refusals count.
   */
  readonly #toBeRefused = new Map<number, Set<string>>();
  /** What the BPF programs refuse without asking, by name. */
  readonly #refused = new Map<string, Buffer>();

  readonly #names: OrphanedNames;

  constructor(kernel: KernelNamespace, mediator: ModelMediator) {
    this.#kernel = kernel;
    this.#names = new OrphanedNames(kernel, kernel.room / 4);
    this.#mediator = mediator;
  }

  /** From now on the BPF programs decide it by themselves; whether they do. `held`: the thread that waits for the verdict. */
  keep(key: Buffer, on: boolean, next: number, held: HeldThread | undefined): boolean {
    return on ? this.#letGo(key, next, held !== undefined) : this.#refuse(key, next, held);
  }

  /** They let it go ahead and count it. Set once only: setting it again would reset the count. */
  #letGo(key: Buffer, next: number, isHeld: boolean): boolean {
    // No task waits for an act that was reported without being held. If the table is full, the decision is not needed.
    if (!isHeld && this.#kernel.isFull) return false;
    const name = nameOf(key);
    let taken = this.#taken.get(name);
    if (taken === undefined) {
      if (!this.#kernel.decide(key, true, next)) return false;
      taken = { key: Buffer.from(key), known: this.#mediator.knownBy(keyBytes(key)), counted: 0 };
      this.#taken.set(name, taken);
    }
    if (isHeld) taken.counted += 1;
    return true;
  }

  /** They refuse it, and report it each time. */
  #refuse(key: Buffer, next: number, held: HeldThread | undefined): boolean {
    if (!this.#mediator.refusesWhatIsOff || !this.#kernel.decide(key, false, next)) return false;
    this.#refused.set(nameOf(key), Buffer.from(key));
    if (held !== undefined) this.#awaitRefusal(held, key);
    return true;
  }

  /** An act on names, which is decided each time: what they do with it once there is no supervisor. */
  leave(key: Buffer, on: boolean): void {
    if (on) this.#names.permitted(key);
    else this.#names.refused(key);
  }

  #awaitRefusal({ process, tid }: HeldThread, key: Buffer): void {
    const awaited = this.#toBeRefused.get(process) ?? new Set();
    this.#toBeRefused.set(process, awaited.add(asking(tid, key)));
  }

  /** Whether a reported refusal is that of a thread that was held, and so was counted then. */
  isSettled({ process, tid }: HeldThread, key: Buffer): boolean {
    return this.#toBeRefused.get(process)?.delete(asking(tid, key)) ?? false;
  }

  /** A process has ended: it makes none of its calls again. */
  died(process: number): void {
    this.#toBeRefused.delete(process);
  }

  /** Counts the acts that the BPF programs let go ahead by a key; from now on they ask again. */
  takeBack(key: Buffer): void {
    const taken = this.#taken.get(nameOf(key));
    if (taken) this.#count(taken);
    this.#taken.delete(nameOf(key));
    this.#refused.delete(nameOf(key));
    this.#kernel.forget(key);
  }

  /** The same for every act that goes ahead without asking, or would without a supervisor. */
  takeBackAll(): void {
    this.#names.takeBackAll();
    for (const { key } of [...this.#taken.values()]) this.takeBack(key);
  }

  /** The contour permits more than before: from now on the BPF programs ask about what they refused. */
  forgetRefusals(): void {
    for (const key of this.#refused.values()) this.#kernel.forget(key);
    this.#refused.clear();
  }

  /** Counts the acts that the BPF programs let go ahead without asking. */
  settle(): void {
    for (const taken of this.#taken.values()) this.#count(taken);
    this.#taken.clear();
  }

  #count({ key, known, counted }: LetGo): void {
    this.#mediator.repeatedUnseen(known, Math.max(0, this.#kernel.timesOf(key) - counted));
  }
}

/** The name of a thread and the act that it asks about. */
function asking(tid: number, key: Buffer): string {
  return `${tid} ${nameOf(key)}`;
}

function nameOf(key: Buffer): string {
  return key.toString("latin1");
}

/** The key of a record, as the model takes it. */
export function keyBytes(key: Buffer): KeyBytes {
  return { bytes: key, length: key.length };
}
