/** Verdicts that are final and were handed to the BPF programs; how often each was used is asked for in the end. */
import type { KeyBytes } from "../mediation.ts";
import type { ModelMediator } from "../model-mediator.ts";
import type { KernelNamespace } from "./kernel-namespace.ts";

/** An act that the BPF programs let go ahead by itself. */
interface LetGo {
  readonly key: Buffer;
  /** What the mediator knows it by, which may have forgotten the key by then. */
  readonly known: number;
  /** How often it was asked for by a task that had been held for it, and so was counted already. */
  counted: number;
}

export class Decisions {
  readonly #half: KernelNamespace;
  readonly #mediator: ModelMediator;
  readonly #letGo = new Map<string, LetGo>();
  /** Who was held, and will be refused when it asks again: that is told once more, and must not count twice. */
  readonly #toBeRefused = new Set<string>();

  constructor(half: KernelNamespace, mediator: ModelMediator) {
    this.#half = half;
    this.#mediator = mediator;
  }

  /** From now on the BPF programs let it go ahead and counts it; once is enough, or it would begin to count anew. */
  letGo(key: Buffer, next: number, isHeld: boolean): boolean {
    // No task asks for what was told without being held: it need not be looked for where nothing more can be kept.
    if (!isHeld && this.#half.isFull) return false;
    const name = nameOf(key);
    let taken = this.#letGo.get(name);
    if (taken === undefined) {
      if (!this.#half.decide(key, true, next)) return false;
      taken = { key: Buffer.from(key), known: this.#mediator.knownBy(keyBytes(key)), counted: 0 };
      this.#letGo.set(name, taken);
    }
    if (isHeld) taken.counted += 1;
    return true;
  }

  /** From now on the BPF programs refuse it, and tells of it each time; `held`: the thread that waits to hear so. */
  refuse(key: Buffer, next: number, held: number | undefined): boolean {
    if (!this.#mediator.refusesWhatIsOff || !this.#half.decide(key, false, next)) return false;
    if (held !== undefined) this.#toBeRefused.add(asking(held, key));
    return true;
  }

  /** Whether a refusal that is told is that of a thread that was held, and was counted then. */
  isSettled(tid: number, key: Buffer): boolean {
    return this.#toBeRefused.delete(asking(tid, key));
  }

  /** Counts what the BPF programs let go ahead by a key, and has it ask again. */
  takeBack(key: Buffer): void {
    const taken = this.#letGo.get(nameOf(key));
    if (taken) this.#count(taken);
    this.#letGo.delete(nameOf(key));
    this.#half.forget(key);
  }

  /** The same for every act that is let go ahead. */
  takeBackAll(): void {
    for (const { key } of [...this.#letGo.values()]) this.takeBack(key);
  }

  /** Counts what the BPF programs decided by themselves. */
  settle(): void {
    for (const taken of this.#letGo.values()) this.#count(taken);
    this.#letGo.clear();
  }

  #count({ key, known, counted }: LetGo): void {
    this.#mediator.repeatedUnseen(known, Math.max(0, this.#half.timesOf(key) - counted));
  }
}

/** Who asks about what. */
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
