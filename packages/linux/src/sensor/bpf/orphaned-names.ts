/** Names that go on being made, moved and removed while a namespace has no supervisor. */
import type { KernelNamespace } from "./kernel-namespace.ts";

/** Some 100 bytes each. */
const MOST_SEEN = 16_384;

export class OrphanedNames {
  readonly #kernel: Pick<KernelNamespace, "permitOrphaned">;
  readonly #most: number;
  /** Keys of what was permitted, the oldest first. */
  readonly #seen = new Set<string>();

  constructor(kernel: Pick<KernelNamespace, "permitOrphaned">, most: number = MOST_SEEN) {
    this.#kernel = kernel;
    this.#most = most;
  }

  /** What is permitted a second time is left to the BPF programs: most names are made once, and their table has an end. */
  permitted(key: Buffer): void {
    const name = key.toString("latin1");
    if (this.#seen.delete(name)) this.#kernel.permitOrphaned(key);
    this.#seen.add(name);
    if (this.#seen.size > this.#most) this.#seen.delete(this.#seen.values().next().value as string);
  }
}
