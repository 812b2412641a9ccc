/** Looks at the entries of a fleet's log, in order, for what should not be. */
import { LogError } from "../error.ts";
import { readStatement } from "../statement/index.ts";
import { Births } from "./births.ts";
import { Contours, type Review } from "./contours.ts";
import { Epochs } from "./epochs.ts";
import type { Finding, Watch } from "./finding.ts";
import { Heads } from "./heads.ts";
import { Images } from "./images.ts";
import { Policies } from "./policies.ts";
import { Roots } from "./roots.ts";
import { Sequence } from "./sequence.ts";
import { Succession } from "./succession.ts";

export class FleetMonitor {
  readonly #roots: Roots;
  readonly #watches: readonly Watch[];

  /** `now` is the monitor's own time, in milliseconds since 1970. */
  constructor(review: Review, now: number) {
    this.#roots = new Roots(now);
    this.#watches = [
      new Sequence(),
      new Contours(review),
      new Images(review.hasReviewers),
      new Births(),
      new Heads(),
      new Policies(),
      new Succession(),
      new Epochs(),
      this.#roots,
    ];
  }

  /** Sees the next entry. One that is no statement of a fleet is passed over. */
  see(entry: number, bytes: Uint8Array): readonly Finding[] {
    try {
      const statement = readStatement(bytes);
      if (statement === undefined) return [];
      return this.#watches.flatMap((watch) => watch.see(entry, statement));
    } catch (fault) {
      if (!(fault instanceof LogError)) throw fault;
      return [{ kind: "damaged-statement", entry, why: fault.message }];
    }
  }

  /** What is missing now, after the last entry. */
  overdue(): readonly Finding[] {
    return this.#roots.overdue();
  }
}
