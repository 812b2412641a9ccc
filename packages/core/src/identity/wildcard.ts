/**
 * Texts in which `*` stands for any characters, slashes and line ends included, and every other character for itself.
 *
 * Both sides may come from outside. Each part after the first is found as early as possible, which leaves most for those that follow,
 * so nothing is tried twice: time is bounded by the product of the two lengths. A regular expression would try every split.
 */
export class Wildcard {
  readonly #first: string;
  readonly #inner: readonly string[];
  /** Undefined for a pattern without a star. */
  readonly #last: string | undefined;

  constructor(pattern: string) {
    const [first = "", ...rest] = pattern.split("*");
    this.#first = first;
    this.#last = rest.pop();
    this.#inner = rest;
  }

  matches(text: string): boolean {
    if (this.#last === undefined) return text === this.#first;
    if (!text.startsWith(this.#first)) return false;
    let at = this.#first.length;
    for (const part of this.#inner) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return text.length - at >= this.#last.length && text.endsWith(this.#last);
  }
}
