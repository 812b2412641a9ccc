/** The distinct points of a replay, in order of first occurrence, with their measurement and state. */
import { Extension } from "@isoline/core/contour";
import type { Digest } from "@isoline/core/digest";

const POINT = 32;

export class Measured {
  readonly #known = new Set<string>();
  readonly #base: Digest;
  readonly #aggregate: Digest;

  constructor(base: Digest, aggregate: Digest) {
    this.#base = base;
    this.#aggregate = aggregate;
  }

  get size(): number {
    return this.#known.size;
  }

  /** Whether the point is new. */
  add(point: Digest): boolean {
    const before = this.#known.size;
    this.#known.add(point);
    return this.#known.size > before;
  }

  points(): IterableIterator<string> {
    return this.#known.values();
  }

  measurement(): Digest {
    return this.#extend(this.#known);
  }

  state(): Digest {
    return this.#extend([...this.#known].sort());
  }

  #extend(points: Iterable<string>): Digest {
    const extension = new Extension(this.#base, this.#aggregate);
    const bytes = Buffer.alloc(POINT);
    for (const point of points) {
      bytes.write(point, "hex");
      extension.extend(bytes, 0);
    }
    return extension.value;
  }
}
