/** Contours: one that permits more than the last of its name needs a reviewer. Where reviewers are given, each contour needs one. */
import type { SaidOf, Statement } from "../statement/index.ts";
import { type Finding, short, type Watch } from "./finding.ts";

/** What a monitor knows of contours beside the log. Digests are SHA-256 of files, in hexadecimal. */
export interface Review {
  /** Whether the monitor was given reviewers: then a contour that none of them signed is found. */
  readonly hasReviewers: boolean;
  /** Whether a reviewer that the monitor trusts has signed this contour for these images. What the log says of signers is not asked. */
  readonly isReviewed: (digest: string, images: readonly string[]) => boolean;
  /** How many acts one contour permits that another does not; undefined where a file of them is not at hand. */
  readonly added: (before: string, after: string) => number | undefined;
}

type Published = SaidOf<"publish-contour">;

interface Last {
  readonly entry: number;
  readonly contour: Published;
  /** Whether a reviewer signed it, or one that permits no less. */
  readonly stands: boolean;
}

export class Contours implements Watch {
  readonly #review: Review;
  /** By name, what was published last, also when it was withdrawn since: withdrawing first does not widen unseen. */
  readonly #last = new Map<string, Last>();

  constructor(review: Review) {
    this.#review = review;
  }

  see(entry: number, statement: Statement): readonly Finding[] {
    if (statement.kind !== "publish-contour") return [];
    const { name, digest, image } = statement;
    const last = name === undefined ? undefined : this.#last.get(name);
    const isReviewed = this.#review.isReviewed(digest, image);
    const stands = isReviewed || (last !== undefined && this.#isWithin(last, statement));
    if (name !== undefined) this.#last.set(name, { entry, contour: statement, stands });
    const widened = isReviewed || last === undefined ? [] : this.#widened(entry, statement, last);
    return widened.length > 0 || stands ? widened : this.#unreviewed(entry, statement);
  }

  /** By the files: a state is that of the points alone, and the policy of a contour says which further files count as one of them. */
  #widened(entry: number, { name, digest }: Published, last: Last): readonly Finding[] {
    if (last.contour.digest === digest) return [];
    const added = this.#review.added(last.contour.digest, digest);
    if (added === 0) return [];
    const how = added === undefined ? "differs from" : `permits ${added} ${added === 1 ? "act" : "acts"} more than`;
    const why =
      `contour ${JSON.stringify(name)} ${short(digest)} ${how} ${short(last.contour.digest)} of entry ${last.entry}, and no reviewer ` +
      "signed it: compare them with isoline diff, then sign it, or withdraw it and look who published it";
    return [{ kind: "widened-contour", entry, why }];
  }

  #unreviewed(entry: number, { name, digest, image }: Published): readonly Finding[] {
    if (!this.#review.hasReviewers) return [];
    const which = name === undefined ? short(digest) : `${JSON.stringify(name)} ${short(digest)}`;
    const [first = "", ...further] = image;
    const more = further.length === 0 ? "" : ` and ${further.length} more`;
    const forWhat = image.length === 0 ? "for any image" : `for image ${short(first)}${more}`;
    const why = `contour ${which} ${forWhat}: no reviewer signed it so: sign it, or withdraw it and look who published it`;
    return [{ kind: "unreviewed-contour", entry, why }];
  }

  /** By the files themselves: the state that a statement names is the verifier's word. */
  #isWithin({ contour: last, stands }: Last, { digest, image: images }: Published): boolean {
    const isForNoMore =
      last.image.length === 0 || (images.length > 0 && images.every((image) => last.image.includes(image)));
    return stands && isForNoMore && (digest === last.digest || this.#review.added(last.digest, digest) === 0);
  }
}
