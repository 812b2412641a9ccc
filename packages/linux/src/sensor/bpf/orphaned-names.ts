/** Names that go on being made, moved and removed while a namespace has no supervisor. */
import type { KernelNamespace } from "./kernel-namespace.ts";

/** Some 100 bytes each. */
const MOST_SEEN = 16_384;

export class OrphanedNames {
  readonly #kernel: Pick<KernelNamespace, "permitOrphaned" | "forget">;
  readonly #most: number;
  /** Keys of what was permitted, the oldest first. */
  readonly #seen = new Set<string>();
  /** Those of them that are left to the BPF programs, the oldest first. */
  readonly #left = new Map<string, Buffer>();

  /** `most` are left at a time: the other verdicts need room in the table as well. */
  constructor(kernel: Pick<KernelNamespace, "permitOrphaned" | "forget">, most: number) {
    this.#kernel = kernel;
    this.#most = most;
  }

  /** What is permitted a second time is left to the BPF programs: most names are made once. */
  permitted(key: Buffer): void {
    const name = nameOf(key);
    const isAgain = this.#seen.delete(name);
    this.#seen.add(name);
    if (this.#seen.size > MOST_SEEN) this.#seen.delete(this.#seen.values().next().value as string);
    if (!isAgain || this.#left.has(name)) return;
    this.#left.set(name, Buffer.from(key));
    this.#kernel.permitOrphaned(key);
    if (this.#left.size > this.#most) this.#takeBack(this.#left.keys().next().value as string);
  }

  /** What was permitted before was refused. */
  refused(key: Buffer): void {
    this.#seen.delete(nameOf(key));
    this.#takeBack(nameOf(key));
  }

  takeBackAll(): void {
    for (const name of [...this.#left.keys()]) this.#takeBack(name);
    this.#seen.clear();
  }

  #takeBack(name: string): void {
    const key = this.#left.get(name);
    this.#left.delete(name);
    if (key) this.#kernel.forget(key);
  }
}

const nameOf = (key: Buffer): string => key.toString("latin1");
