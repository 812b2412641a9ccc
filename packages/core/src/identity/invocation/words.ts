/** The arguments of a program, as the kernel passes them. They are read word by word, because most are never needed. */

/** One argument. If it is long, only its beginning is present. */
export interface Word {
  readonly bytes: Buffer;
  readonly isCut: boolean;
}

/** The argument exists, but the sensor cannot read it. */
export const UNREADABLE = "unreadable";

export interface Words {
  /** The argument at an index; index 0 is the name that the program was called by. Undefined after the last. */
  at(index: number): Word | typeof UNREADABLE | undefined;
}

/** Largest number of arguments that are examined. Arguments are read in order, each after the ones before it. */
export const MOST_WORDS = 1024;

/** Words that are all in memory. */
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

/** The last component of a path; the whole path if it has no slash. */
export function lastComponent(path: Buffer): Buffer {
  return path.subarray(path.lastIndexOf(SLASH) + 1);
}
