/** What a monitor knows of contours beside the log: the files of a directory, and signatures of reviewers. */
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type AnyContour, type Contour, diffContours, parseContour } from "@isoline/core/contour";
import { IsolineError } from "@isoline/core/error";
import type { Review } from "@isoline/log/monitor";
import { CliError } from "../error.ts";
import { readBounded, Unfit } from "../store/bounded-file.ts";
import { MOST_SIGNATURE, SIGNATURE_SUFFIX } from "../store/signature/beside.ts";
import { vouchedIn } from "../store/signature/demand.ts";
import type { TrustedKey } from "../store/signature/keys.ts";

/** As much as a verifier takes. */
const MOST_CONTOUR = 16 * 2 ** 20;

export class ReviewedContours implements Review {
  readonly #reviewers: readonly TrustedKey[];
  /** Files by the SHA-256 of their bytes. */
  readonly #files = new Map<string, string>();
  /** By the digest of a contour, the images that each signature of a reviewer is for; none: any. */
  readonly #signed = new Map<string, (readonly string[])[]>();

  constructor(reviewers: readonly TrustedKey[], directory: string | undefined) {
    this.#reviewers = reviewers;
    for (const path of directory === undefined ? [] : filesIn(directory)) {
      const isSignature = path.endsWith(SIGNATURE_SUFFIX);
      const bytes = readBounded(path, isSignature ? MOST_SIGNATURE : MOST_CONTOUR, "follow");
      if (bytes instanceof Unfit) continue;
      if (isSignature) this.sees(bytes);
      else this.#files.set(createHash("sha256").update(bytes).digest("hex"), path);
    }
  }

  get hasReviewers(): boolean {
    return this.#reviewers.length > 0;
  }

  /** Takes bytes that may be the signature of a contour by a reviewer. All others are passed over: they prove nothing. */
  sees(bytes: Uint8Array): void {
    if (this.#reviewers.length === 0 || bytes[0] !== 0x7b) return;
    try {
      const { digest, images } = vouchedIn(Buffer.from(bytes), "signature", this.#reviewers);
      this.#signed.set(digest, [...(this.#signed.get(digest) ?? []), images]);
    } catch (fault) {
      if (!(fault instanceof IsolineError)) throw fault;
    }
  }

  readonly isReviewed = (digest: string, images: readonly string[]): boolean =>
    (this.#signed.get(digest) ?? []).some(
      (signed) => signed.length === 0 || (images.length > 0 && images.every((image) => signed.includes(image))),
    );

  /** Points and rules that only the second has. Undefined also for contours that cannot be compared: nothing is known of them then. */
  readonly added = (before: string, after: string): number | undefined => {
    const [first, second] = [this.#contour(before), this.#contour(after)];
    if (first === undefined || second === undefined) return undefined;
    try {
      const { same, rules } = diffContours(first as Contour, second as Contour);
      return second.size - same + (rules?.onlyB.length ?? 0);
    } catch (fault) {
      if (fault instanceof IsolineError) return undefined;
      throw fault;
    }
  };

  #contour(digest: string): AnyContour | undefined {
    const path = this.#files.get(digest);
    const bytes = path === undefined ? undefined : readBounded(path, MOST_CONTOUR, "follow");
    if (bytes === undefined || bytes instanceof Unfit) return undefined;
    // The file may have changed since it was hashed.
    if (createHash("sha256").update(bytes).digest("hex") !== digest) return undefined;
    try {
      return parseContour(bytes.toString("utf8"));
    } catch (fault) {
      if (fault instanceof IsolineError) return undefined;
      throw fault;
    }
  }
}

function filesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .sort()
      .map((name) => join(directory, name));
  } catch (fault) {
    const { code = "unknown" } = fault as NodeJS.ErrnoException;
    throw new CliError("cannot-read", `${directory}: expected a directory of contours, got ${code}; name another`);
  }
}
