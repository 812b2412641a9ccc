/** Wraps text of generated pages into lines that fit a screen. */

/** @param {string} text @param {number} [width] @returns {string} one paragraph; code in a line is never broken */
export function wrapped(text, width = 120) {
  /** @type {string[]} */
  const lines = [];
  for (const word of text.match(/(?:`[^`]*`|[^\s`])+/g) ?? []) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join("\n");
}
