/**
 * What is kept of nodes within so many bytes. A node that uses its own is not put out for another one: where each of too many nodes put
 * out the next, none would find its own again.
 */
interface Kept<T> {
  readonly value: T;
  readonly size: number;
  /** When it was asked for or kept last, by `performance.now()`. */
  readonly used: number;
}

export class NodeMemory<T> {
  readonly #idleMs: number;
  readonly #most: number;
  /** By the id of a node; what was used last is the last. */
  readonly #nodes = new Map<string, Kept<T>>();
  #size = 0;

  /** What is of a node that did not use it for so many seconds is dropped when others need the memory. */
  constructor(most: number, idleSeconds: number) {
    this.#most = most;
    this.#idleMs = idleSeconds * 1000;
  }

  /** Bytes of all that is kept. */
  get size(): number {
    return this.#size;
  }

  get(node: string): T | undefined {
    const kept = this.#nodes.get(node);
    if (kept === undefined) return undefined;
    this.#nodes.delete(node);
    this.#nodes.set(node, { ...kept, used: performance.now() });
    return kept.value;
  }

  drop(node: string): void {
    this.#size -= this.#nodes.get(node)?.size ?? 0;
    this.#nodes.delete(node);
  }

  /** Keeps a value of so many bytes in place of the one before. False: there is no memory for it, and nothing is kept of the node. */
  keep(node: string, value: T, size: number): boolean {
    this.drop(node);
    const idle = performance.now() - this.#idleMs;
    for (const [other, { used }] of this.#nodes) {
      if (this.#size + size <= this.#most || used > idle) break;
      this.drop(other);
    }
    if (this.#size + size > this.#most) return false;
    this.#nodes.set(node, { value, size, used: performance.now() });
    this.#size += size;
    return true;
  }
}
