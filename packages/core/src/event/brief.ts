/** Words that are kept: a workload decides how long its names are, and how many of them there are. */

/** Letters of a text in words, at most; and as many as it takes to say that it was cut. */
const MOST_LETTERS = 300;

/** At the end of what was cut: a part of an escaped byte (`\xHH`), or half of a letter that takes two. */
const HALF = /(?:\\(?:x[0-9a-f]?)?|[\ud800-\udbff])$/;

/**
 * A text in words, to be kept for long: of a long one the beginning, followed by ` (cut: 300 of 4096 letters)…`.
 *
 * It is a copy in any case. A slice, or a text that was put together of slices, keeps everything alive that it was cut from.
 */
export function brief(text: string, most: number = MOST_LETTERS): string {
  if (text.length <= most) return ownCopy(text);
  const head = text.slice(0, most).replace(HALF, "");
  return ownCopy(`${head} (cut: ${head.length} of ${text.length} letters)…`);
}

/** The same text, of bytes that no other text shares. */
export function ownCopy(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}
