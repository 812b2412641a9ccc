/**
 * Splits a name into the parts that stand for the kinds of a class: `{<date>-<random>}.csv` and `2026-11-24-x8Kq2p.csv`.
 *
 * Each part is as long as it can be, those before it first, as a regular expression would have it. What cannot be split from one place
 * on is not tried twice. An expression tries it for each split of what is before: four kinds of 64 letters took a second for one name.
 */
import { type Kind, type KindName, kinds } from "./kinds.ts";

export class NameSplit {
  readonly #literals: readonly string[];
  readonly #tail: string;
  readonly #kinds: readonly RegExp[];

  /** Literals and kinds in turn, as they stand in the class; what follows the last kind is the tail. */
  constructor(literals: readonly string[], found: readonly KindName[], tail: string) {
    this.#literals = literals;
    this.#tail = tail;
    this.#kinds = found.map((name) => new RegExp(`^(?:${(kinds[name] as Kind).source})$`));
  }

  /** Undefined if the name has no such parts. */
  of(name: string): readonly string[] | undefined {
    const [head = ""] = this.#literals;
    const end = name.length - this.#tail.length;
    if (end < head.length || !name.startsWith(head) || !name.endsWith(this.#tail)) return undefined;
    return this.#from(name.slice(0, end), 0, head.length, new Set());
  }

  #from(name: string, part: number, start: number, failed: Set<string>): readonly string[] | undefined {
    const kind = this.#kinds[part] as RegExp;
    if (part === this.#kinds.length - 1) {
      const last = name.slice(start);
      return kind.test(last) ? [last] : undefined;
    }
    const place = `${part} ${start}`;
    if (failed.has(place)) return undefined;
    const next = this.#literals[part + 1] as string;
    for (let end = name.lastIndexOf(next); end > start; end = name.lastIndexOf(next, end - 1)) {
      const own = name.slice(start, end);
      const rest = kind.test(own) ? this.#from(name, part + 1, end + next.length, failed) : undefined;
      if (rest !== undefined) return [own, ...rest];
    }
    failed.add(place);
    return undefined;
  }
}
