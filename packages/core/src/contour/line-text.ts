/** Free text in a contour file: escaped words with single spaces kept, so that the text stays readable on one line. */
import { escapeText, isEscaped } from "../event/escape.ts";

/** A longer text is cut: a reader would not get to the end. */
const MAX_TEXT = 1000;
/** The longest escaped character: four bytes of UTF-8. */
const MAX_LINE_TEXT = 16 * MAX_TEXT;

/** Escapes text for the end of a line and cuts it at the limit. Text that is already escaped does not change. */
export function escapeLine(text: string): string {
  if (text === "") return "?";
  if (text.length <= MAX_LINE_TEXT && isLineText(text)) return text;
  // The text goes through bytes, so that half a surrogate pair becomes a character that can be written.
  const wellFormed = Buffer.from(text.slice(0, MAX_TEXT)).toString();
  return wellFormed.split(" ").map(escapeText).join(" ");
}

/** Tells whether a text is in the only spelling that `escapeLine` writes. */
export function isLineText(text: string): boolean {
  return text !== "" && text.split(" ").every(isEscaped);
}

/** Ascending by UTF-8 bytes, which is also by code point. JavaScript's own order differs only for surrogates. */
export function compareText(a: string, b: string): number {
  if (SURROGATE.test(a) || SURROGATE.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Sorts in place by a text of each entry, in the order of `compareText`. */
export function sortByText<T>(entries: T[], textOf: (entry: T) => string): T[] {
  if (entries.some((entry) => SURROGATE.test(textOf(entry))))
    return entries.sort((a, b) => compareText(textOf(a), textOf(b)));
  return entries.sort((a, b) => (textOf(a) < textOf(b) ? -1 : textOf(a) > textOf(b) ? 1 : 0));
}

const SURROGATE = /[\ud800-\udfff]/;
