/** Images: one has one contour. A contour for any image is one for each of them as well. */
import type { SaidOf, Statement } from "../statement/index.ts";
import { type Finding, short, type Watch } from "./finding.ts";

type Published = SaidOf<"publish-contour">;

/** Where each contour that counts was published, by its digest. */
type InForce = Map<string, number>;

export class Images implements Watch {
  readonly #byImage = new Map<string, InForce>();
  readonly #forAny: InForce = new Map();
  readonly #hasReviewers: boolean;

  /** With reviewers, one of them signed a contour for any image as such; else that it is unreviewed is found, which says more. */
  constructor(hasReviewers: boolean) {
    this.#hasReviewers = hasReviewers;
  }

  see(entry: number, statement: Statement): readonly Finding[] {
    if (statement.kind === "withdraw-contour") this.#withdraw(statement.digest);
    if (statement.kind !== "publish-contour") return [];
    const beside = this.#hasReviewers ? [] : this.#besideAny(entry, statement);
    const findings = [...this.#twice(entry, statement), ...beside];
    this.#counts(entry, statement);
    return findings;
  }

  #twice(entry: number, { digest, image: images }: Published): readonly Finding[] {
    return images.flatMap((image) => {
      const other = otherIn(this.#byImage.get(image), digest);
      return other === undefined ? [] : [found(entry, image, short(digest), published(other))];
    });
  }

  /** Said once of a publication, however many images there are. Two contours for any image may be of services that run from none. */
  #besideAny(entry: number, { digest, image: images }: Published): readonly Finding[] {
    const [first] = images;
    if (first !== undefined) {
      const any = otherIn(this.#forAny, digest);
      return any === undefined ? [] : [found(entry, first, short(digest), `${published(any)} for any image`)];
    }
    for (const [image, there] of this.#byImage) {
      const other = otherIn(there, digest);
      if (other !== undefined) return [found(entry, image, `${short(digest)} for any image`, published(other))];
    }
    return [];
  }

  #counts(entry: number, { digest, image: images }: Published): void {
    if (images.length === 0) this.#forAny.set(digest, entry);
    for (const image of images)
      this.#byImage.set(image, (this.#byImage.get(image) ?? new Map<string, number>()).set(digest, entry));
  }

  #withdraw(digest: string): void {
    this.#forAny.delete(digest);
    for (const there of this.#byImage.values()) there.delete(digest);
  }
}

const otherIn = (there: InForce | undefined, digest: string) => [...(there ?? [])].find(([one]) => one !== digest);

const published = ([digest, entry]: readonly [string, number]) => `${short(digest)} of entry ${entry}`;

function found(entry: number, image: string, one: string, other: string): Finding {
  const why = `image ${short(image)} has two contours, ${one} and ${other}: withdraw the one that is not meant`;
  return { kind: "two-contours", entry, why };
}
