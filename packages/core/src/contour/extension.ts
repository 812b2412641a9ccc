/**
 * Linear extension: one digest over many points, in the way a TPM extends a PCR (docs/spec/iso1.md, "Measurement and state").
 *
 *   project(point)   = H( base ‖ point )
 *   extend(m, point) = H( m ‖ project(point) )
 *   start            = extend( 32 zero bytes, aggregate )
 *
 * A measurement extends the points in order of first occurrence, a state extends them in ascending byte order.
 */
import { type Digest, sha256Into } from "../digest.ts";

export class Extension {
  /** base ‖ point */
  readonly #projection = Buffer.alloc(64);
  /** the digest so far ‖ the projected point */
  readonly #chain = Buffer.alloc(64);

  constructor(base: Digest, aggregate: Digest) {
    this.#projection.write(base, 0, 32, "hex");
    this.extend(Buffer.from(aggregate, "hex"), 0);
  }

  /** Extends the digest by the 32 bytes of `points` at `offset`. */
  extend(points: Buffer, offset: number): void {
    points.copy(this.#projection, 32, offset, offset + 32);
    sha256Into(this.#projection, this.#chain, 32);
    sha256Into(this.#chain, this.#chain, 0);
  }

  get value(): Digest {
    return this.#chain.toString("hex", 0, 32) as Digest;
  }
}
