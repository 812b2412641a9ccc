/** Contours: one that permits more than the last of its name needs a reviewer, and an image has one contour. */
import type { SaidOf, Statement } from "../statement/index.ts";
import { type Finding, short, type Watch } from "./finding.ts";

/** What a monitor knows of contours beside the log. Digests are SHA-256 of files, in hexadecimal. */
export interface Review {
  /** Whether a reviewer that the monitor trusts has signed this contour for these images. What the log says of signers is not asked. */
  readonly isReviewed: (digest: string, images: readonly string[]) => boolean;
  /** How many acts one contour permits that another does not; undefined where a file of them is not at hand. */
  readonly added: (before: string, after: string) => number | undefined;
}

type Published = SaidOf<"publish-contour">;

export class Contours implements Watch {
  readonly #review: Review;
  /** By name, what was published last, also when it was withdrawn since: withdrawing first does not widen unseen. */
  readonly #last = new Map<string, { readonly entry: number; readonly contour: Published }>();
  /** By image, the contours that count for it, and where each was published. */
  readonly #inForce = new Map<string, Map<string, number>>();

  constructor(review: Review) {
    this.#review = review;
  }

  see(entry: number, statement: Statement): readonly Finding[] {
    if (statement.kind === "withdraw-contour") this.#withdraw(statement.digest);
    if (statement.kind !== "publish-contour") return [];
    return [...this.#widened(entry, statement), ...this.#twice(entry, statement)];
  }

  #widened(entry: number, contour: Published): readonly Finding[] {
    const { name, digest, state, image } = contour;
    if (name === undefined) return [];
    const last = this.#last.get(name);
    this.#last.set(name, { entry, contour });
    if (last === undefined || last.contour.state === state) return [];
    const added = this.#review.added(last.contour.digest, digest);
    if (added === 0 || this.#review.isReviewed(digest, image)) return [];
    const how = added === undefined ? "differs from" : `permits ${added} ${added === 1 ? "act" : "acts"} more than`;
    const why =
      `contour ${JSON.stringify(name)} ${short(digest)} ${how} ${short(last.contour.digest)} of entry ${last.entry}, and no reviewer ` +
      "signed it: compare them with isoline diff, then sign it, or withdraw it and look who published it";
    return [{ kind: "widened-contour", entry, why }];
  }

  #twice(entry: number, { digest, image: images }: Published): readonly Finding[] {
    return images.flatMap((image) => {
      const there = this.#inForce.get(image) ?? new Map<string, number>();
      const other = [...there].find(([one]) => one !== digest);
      this.#inForce.set(image, there.set(digest, entry));
      if (other === undefined) return [];
      const why =
        `image ${short(image)} has two contours, ${short(digest)} and ${short(other[0])} of entry ${other[1]}: withdraw the one that is ` +
        "not meant";
      return [{ kind: "two-contours", entry, why }] as const;
    });
  }

  #withdraw(digest: string): void {
    for (const there of this.#inForce.values()) there.delete(digest);
  }
}
