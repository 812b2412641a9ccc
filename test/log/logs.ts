/** Logs for tests: in memory, and cut off at any write. */
import { LogStore } from "../../packages/log/src/store/index.ts";
import { innerHash, leafHash } from "../../packages/log/src/tree/index.ts";

export const entry = (index: number): Uint8Array => Buffer.from(`entry ${index} ${"x".repeat(index % 50)}`);
export const entries = (from: number, to: number): Uint8Array[] =>
  Array.from({ length: to - from }, (_, at) => entry(from + at));

/** The root by the words of RFC 6962, 2.1, from all leaves. */
export function rootByDefinition(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leafHash(leaves[0] as Uint8Array);
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return innerHash(rootByDefinition(leaves.slice(0, split)), rootByDefinition(leaves.slice(split)));
}

export class PowerFailure extends Error {
  override readonly message = "the power failed";
}

/** Files that are durable once settled. Of what was written after that, a power failure keeps any part: `keeps` says which. */
export class MemoryStore extends LogStore {
  readonly #durable: Map<string, Uint8Array>;
  readonly #written = new Map<string, Uint8Array>();
  readonly #endsAfter: number;
  #writes = 0;

  constructor(durable: ReadonlyMap<string, Uint8Array> = new Map(), endsAfter = Number.POSITIVE_INFINITY) {
    super();
    this.#durable = new Map(durable);
    this.#endsAfter = endsAfter;
  }

  readonly read = (path: string): Uint8Array | undefined => this.#written.get(path) ?? this.#durable.get(path);

  write(path: string, bytes: Uint8Array): void {
    this.#step();
    this.#written.set(path, Uint8Array.from(bytes));
  }

  settle(): void {
    this.#step();
    for (const [path, bytes] of this.#written) this.#durable.set(path, bytes);
    this.#written.clear();
  }

  names(directory: string): readonly string[] {
    const below = `${directory}/`;
    const paths = [...this.#written.keys(), ...this.#durable.keys()].filter((path) => path.startsWith(below));
    return [...new Set(paths.map((path) => path.slice(below.length).replace(/\/.*/, "")))];
  }

  /** What is removed may be gone for good at once. */
  remove(directory: string): void {
    this.#step();
    for (const files of [this.#written, this.#durable])
      for (const path of files.keys()) if (path.startsWith(`${directory}/`)) files.delete(path);
  }

  async close(): Promise<void> {}

  /** What is found after a power failure now. */
  after(keeps: (path: string) => boolean): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#durable, ...[...this.#written].filter(([path]) => keeps(path))]);
  }

  #step(): void {
    this.#writes += 1;
    if (this.#writes > this.#endsAfter) throw new PowerFailure();
  }
}
