/** Remarks on the contents of files during a namespace's life, each file once, for its report. */
import type { ContentRemark } from "@isoline/core/engine";

/** A remark and the number of its occurrences. */
export interface ContentNote extends ContentRemark {
  readonly count: number;
}

/** A workload decides how many files there are, and how long their names. */
const MOST_NOTES = 10_000;
/** Letters of all of them; each is kept twice. */
const MOST_LETTERS = 4 * 2 ** 20;

export class ContentNotes {
  readonly #notes = new Map<string, { readonly remark: ContentRemark; count: number }>();
  readonly #most: number;
  #letters = 0;
  #more = 0;

  constructor(mostLetters = MOST_LETTERS) {
    this.#most = mostLetters;
  }

  add(remarks: readonly ContentRemark[]): void {
    for (const remark of remarks) {
      const key = `${remark.what} ${remark.digest ?? ""} ${remark.path}`;
      const known = this.#notes.get(key);
      if (known !== undefined) known.count += 1;
      else if (this.#notes.size < MOST_NOTES && this.#letters + key.length <= this.#most) {
        this.#letters += key.length;
        this.#notes.set(key, { remark, count: 1 });
      } else this.#more += 1;
    }
  }

  /** In order of first occurrence. */
  get all(): readonly ContentNote[] {
    return Array.from(this.#notes.values(), ({ remark, count }) => ({ ...remark, count }));
  }

  /** Number of remarks on further files, which were only counted. */
  get more(): number {
    return this.#more;
  }
}
