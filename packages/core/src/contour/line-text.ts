/** Free text in a contour file: words that are escaped like everything else, with single spaces kept, so that it stays readable on one line. */
import { escapeText, isEscaped } from "../event/escape.ts";

/** Nobody reads further. */
const MAX_TEXT = 1000;
/** Every character escaped as four bytes of UTF-8. */
const MAX_LINE_TEXT = 16 * MAX_TEXT;

/** Escapes text for the end of a line, cut where it becomes unreadably long; text that is escaped already stays as it is. */
export function escapeLine(text: string): string {
  if (text === "") return "?";
  if (text.length <= MAX_LINE_TEXT && isLineText(text)) return text;
  // Through bytes, so that half a surrogate pair becomes a character that can be written.
  const wellFormed = Buffer.from(text.slice(0, MAX_TEXT)).toString();
  return wellFormed.split(" ").map(escapeText).join(" ");
}

/** Whether text is in the one spelling that `escapeLine` gives. */
export function isLineText(text: string): boolean {
  return text !== "" && text.split(" ").every(isEscaped);
}

/** Ascending by UTF-8 bytes, which is also by code point. JavaScript's own order differs only where surrogates meet. */
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
