/** Notes where the rules allow more than the contour: one line for each directory, with the reason. */
import { namesOf } from "./rights.ts";

interface Widened {
  access: number;
  readonly because: Set<string>;
}

export class Widening {
  readonly #beneath = new Map<string, Widened>();
  readonly #why: string;

  /** `why` stands between the rights and the first example. */
  constructor(why: string) {
    this.#why = why;
  }

  /** Records that rights on `name` are granted on a whole directory. */
  note(directory: string, access: number, name: string): void {
    const widened = this.#beneath.get(directory) ?? { access: 0, because: new Set<string>() };
    widened.access |= access;
    widened.because.add(name);
    this.#beneath.set(directory, widened);
  }

  /** `beneath /tmp: read-file, write-file; for names that are not fixed: $TMP/{gcc#1}.s and 3 more`. */
  lines(): string[] {
    return [...this.#beneath]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([directory, { access, because }]) => {
        const [first] = because;
        const more = because.size > 1 ? ` and ${because.size - 1} more` : "";
        return `beneath ${directory}: ${namesOf(access)}; ${this.#why}: ${first}${more}`;
      });
  }
}
