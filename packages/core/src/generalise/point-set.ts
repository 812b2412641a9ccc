/** A set of points, as bare digests: a hundred thousand take a few megabytes. */
import { PointIndex } from "../contour/point-index.ts";
import { encodeEvent } from "../event/encoding.ts";
import type { Event } from "../event/event.ts";
import { iso1 } from "../profile/iso1.ts";

export class PointSet {
  readonly #index = new PointIndex();
  readonly #bytes = Buffer.alloc(32);
  readonly #words = new Int32Array(this.#bytes.buffer, this.#bytes.byteOffset, 8);

  /** Adds the point of an event. */
  add(event: Event): void {
    if (!this.has(event)) this.#index.insert(this.#words);
  }

  has(event: Event): boolean {
    iso1.pointInto(event, encodeEvent(event), this.#bytes, 0);
    return this.#index.find(this.#words) >= 0;
  }
}
