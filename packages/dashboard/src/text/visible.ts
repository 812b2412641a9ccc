/**
 * Text from outside, as pieces for a page: every character that a reader could not see, or that would move other characters,
 * becomes a visible escape `\u{202e}`.
 *
 * A node may be hostile, and a workload chooses its file names. So nothing here trusts that another program escaped a text
 * before. Markup needs no escape: text only ever becomes text nodes and attributes, never markup.
 */

export interface Piece {
  readonly text: string;
  /** Whether this piece stands for one character that is not shown as itself. */
  readonly escaped: boolean;
}

/** Longer texts are cut, and the cut is named. */
const MOST_CHARACTERS = 4_000;

/**
 * Controls, formats (bidirectional ones among them), private and unassigned characters, lone surrogates, line separators, spaces
 * that are not U+0020, fillers that are drawn as nothing, variation selectors, and marks after the second on one letter.
 */
const UNSAFE =
  /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\u{e0100}-\u{e01ef}]|(?<=\p{M}\p{M})\p{M}/gu;

/** Nearly every text, told without the slow classes above. */
const PLAIN = /^[ -~]*$/;

/** Splits a text into what is shown as it is and what is shown as an escape. */
export function visiblePieces(text: string, most = MOST_CHARACTERS): readonly Piece[] {
  const kept = text.length > most ? text.slice(0, most) : text;
  if (kept.length === text.length && PLAIN.test(text)) return [{ text, escaped: false }];
  const pieces: Piece[] = [];
  let from = 0;
  for (const { 0: character, index } of kept.matchAll(UNSAFE)) {
    if (index > from) pieces.push({ text: kept.slice(from, index), escaped: false });
    pieces.push({ text: escapeOf(character), escaped: true });
    from = index + character.length;
  }
  if (from < kept.length) pieces.push({ text: kept.slice(from), escaped: false });
  if (kept.length < text.length)
    pieces.push({ text: ` … ${text.length - kept.length} characters more`, escaped: true });
  return pieces;
}

/** The same as one string, for attributes and canvases. */
export function visibleText(text: string, most = MOST_CHARACTERS): string {
  return visiblePieces(text, most)
    .map((piece) => piece.text)
    .join("");
}

const escapeOf = (character: string) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
