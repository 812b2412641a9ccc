/**
 * The arguments of a program, as the kernel gives them to it: word by word, because most of them are never looked at.
 */

/** One argument. Of a long one only the beginning is there. */
export interface Word {
  readonly bytes: Buffer;
  readonly isCut: boolean;
}

/** It is there, and whoever looks cannot read it. */
export const UNREADABLE = "unreadable";

export interface Words {
  /** The argument at a place, the name that the program was called by at 0; undefined after the last. */
  at(index: number): Word | typeof UNREADABLE | undefined;
}

/** Arguments beyond these are not looked at. Whoever looks at one looks at each before it. */
export const MOST_WORDS = 1024;

/** Words that are all there. */
export function wordsOf(words: readonly (Buffer | string)[]): Words {
  return {
    at(index) {
      const word = words[index];
      return word === undefined ? undefined : { bytes: Buffer.from(word as Buffer), isCut: false };
    },
  };
}

/** The same words without the first ones. */
export function wordsFrom(words: Words, start: number): Words {
  return { at: (index) => words.at(start + index) };
}

const SLASH = 0x2f;

/** The last component of a path; all of one without a slash. */
export function lastComponent(path: Buffer): Buffer {
  return path.subarray(path.lastIndexOf(SLASH) + 1);
}
