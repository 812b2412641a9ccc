/** A contour file of a verifier. */
import type { Digest } from "@isoline/core/digest";
import { IsolineError } from "@isoline/core/error";
import { statesOf, verifyContour } from "@isoline/core/verify";

/** A contour file that counts for some images alone, as signatures say. */
export interface ContourFor {
  readonly file: ContourFile;
  /** Digests of images; none: any. */
  readonly images: readonly string[];
}

/** Computes digest and state of a contour file once, however many appraisals ask for them. */
export class ContourFile {
  /** They must not be changed after this. */
  readonly bytes: Uint8Array;
  readonly #hash: ((bytes: Uint8Array) => Uint8Array) | undefined;
  #digest: Promise<Digest | undefined> | undefined;
  #states: ReturnType<typeof statesOf> | undefined;
  #state: { readonly portable: Digest | undefined } | undefined;

  /** `hash` is SHA-256; the one of a platform is faster than the one of the core, which runs anywhere. */
  constructor(bytes: Uint8Array, hash?: (bytes: Uint8Array) => Uint8Array) {
    this.bytes = bytes;
    this.#hash = hash;
  }

  static of(given: Uint8Array | ContourFile | ContourFor): ContourFile {
    if ("file" in given) return given.file;
    return given instanceof ContourFile ? given : new ContourFile(given);
  }

  /** SHA-256 of the file, in hexadecimal; undefined for a file that is no contour. */
  get digest(): Promise<Digest | undefined> {
    this.#digest ??= verifyContour(this.bytes).then(
      ({ digest }) => digest,
      () => undefined,
    );
    return this.#digest;
  }

  /** The state of its points, under neither base nor aggregate; undefined for a file that is no contour. */
  get state(): Digest | undefined {
    this.#state ??= { portable: this.#portable() };
    return this.#state.portable;
  }

  /** The state of its points under another base and aggregate. Throws `bad-contour` for a file that is no contour. */
  stateUnder(under: { readonly base: Digest; readonly aggregate: Digest }): Digest {
    this.#states ??= statesOf(this.bytes, this.#hash);
    return this.#states(under);
  }

  /** A file that was learnt under a base or an aggregate has another state of its own. */
  #portable(): Digest | undefined {
    try {
      return statesOf(this.bytes, this.#hash)({});
    } catch (fault) {
      if (fault instanceof IsolineError) return undefined;
      throw fault;
    }
  }
}
