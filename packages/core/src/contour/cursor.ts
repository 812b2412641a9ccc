/** The current line of a contour file, with the checks that refuse it. */
import { IsolineError } from "../error.ts";
import { isDigest, type Digest } from "../digest.ts";

/** Stands for "no more lines". It holds a newline, which no line does. */
export const END_OF_FILE = "\n";

/** The parser of one part of a file: it yields for each next line and returns what it read. */
export type Section<T> = Generator<undefined, T, undefined>;

const DAMAGED = "the file is damaged or was changed by hand: restore it, or learn it again";
const OTHER_FILE = "this is no contour: name the file that one was learnt into";

export class Cursor {
  line = "";
  number = 0;
  /** Whether the first line was a contour's. If it was not, the file is another one and not a damaged contour. */
  isContour = false;
  /** SHA-256 of everything before the current line. Set when that line is the last one. */
  digestBefore: Digest | undefined;

  /** Whether the line begins with a word. */
  startsWith(word: string): boolean {
    return this.line.startsWith(`${word} `);
  }

  /** The rest of a line that begins with a word. */
  after(word: string): string {
    if (!this.startsWith(word)) throw this.refusal(`a line that begins with "${word} "`);
    return this.line.slice(word.length + 1);
  }

  /** The digest in a line `word digest`. */
  digestAfter(word: string): Digest {
    const text = this.after(word);
    if (!isDigest(text)) throw this.refusal(`"${word}" and 64 lower-case hexadecimal digits`);
    return text;
  }

  /** The number in a line `word number`. */
  numberAfter(word: string, max: number): number {
    return this.parseNumber(this.after(word), max);
  }

  parseNumber(text: string, max: number): number {
    const value = Number(text);
    if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text) || value > max)
      throw this.refusal(`a whole number up to ${max} without leading zeros`);
    return value;
  }

  /** Refuses the current line. */
  refusal(expected: string, got = this.shown(), cause?: unknown): IsolineError {
    return new IsolineError(
      "bad-contour",
      `contour file, line ${this.number}: expected ${expected}, got ${got}; ${this.isContour ? DAMAGED : OTHER_FILE}`,
      { cause },
    );
  }

  /** Refuses a mark that git left, where two branches changed the same lines. */
  conflict(mark: string): IsolineError {
    return new IsolineError(
      "bad-contour",
      `contour file, line ${this.number}: expected a contour, got a conflict that git could not resolve (${mark.slice(0, 60)}); ` +
        "put both sides together with isoline merge FILE -o FILE, and run isoline git-setup so that git does it next time",
    );
  }

  shown(): string {
    if (this.line === END_OF_FILE) return "the end of the file";
    return JSON.stringify(this.line.length > 120 ? `${this.line.slice(0, 120)}…` : this.line);
  }
}
