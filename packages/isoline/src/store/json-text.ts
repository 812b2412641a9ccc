/**
 * JSON whose letters no terminal acts on, and none of which is hidden. Names of files, programs and containers come from strangers; JSON
 * itself escapes C0 controls and halves of letters alone.
 */

/** A value as JSON, in one line or indented. A reader of JSON gets the same texts as from `JSON.stringify`. */
export function jsonText(value: unknown, indent?: number): string {
  return plainLetters(JSON.stringify(value, null, indent));
}

/**
 * Escapes what a terminal may act on, or hide: controls (C0 but line feed, DEL, C1), format characters, which turn the direction of text
 * or have no width, separators, and halves of letters. In JSON and in quoted YAML they are the same text as before.
 */
export function plainLetters(text: string): string {
  return text.replace(/[^\P{C}\n]|[\u2028\u2029]/gu, (letter) =>
    Array.from({ length: letter.length }, (_, at) => `\\u${letter.charCodeAt(at).toString(16).padStart(4, "0")}`).join(
      "",
    ),
  );
}
