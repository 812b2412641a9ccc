/**
 * The parts of Markdown that our own pages use: links, headings and code.
 *
 * @typedef {{ text: string, line: number, code: boolean }} Line
 */

/** @param {string} page @returns {{ target: string, line: number }[]} inline links, images and reference definitions */
export function linksOf(page) {
  return linesOf(page)
    .filter(({ code }) => !code)
    .flatMap(({ text, line }) => {
      const prose = text.replaceAll(/`[^`]*`/g, "");
      const inline = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
      const definitions = [...prose.matchAll(/^\[[^\]]+\]:\s*<?([^\s>]+)/g)];
      return [...inline, ...definitions].map(([, target = ""]) => ({ target, line }));
    });
}

/** @param {string} page @returns {Set<string>} the anchors of the page's headings, formed as code hosts form them */
export function anchorsOf(page) {
  const anchors = new Set();
  for (const { text, code } of linesOf(page)) {
    if (code) continue;
    for (const [, id] of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id);
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(text)?.[1];
    if (heading === undefined) continue;
    const slug = heading
      .toLowerCase()
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-");
    let name = slug;
    for (let again = 1; anchors.has(name); again += 1) name = `${slug}-${again}`;
    anchors.add(name);
  }
  return anchors;
}

/**
 * The lines of code blocks, without comments and prompts, and every `code` within prose.
 *
 * @param {string} page @returns {{ text: string, line: number }[]}
 */
export function codeLinesOf(page) {
  return linesOf(page).flatMap(({ text, line, code }) => {
    if (code) return /^\s*#/.test(text) ? [] : [{ text, line }];
    return [...text.matchAll(/`([^`]+)`/g)].map(([, span = ""]) => ({ text: span, line }));
  });
}

/** @param {string} page @returns {Line[]} numbered from 1; the fences themselves are left out */
function linesOf(page) {
  let fence = "";
  return page.split("\n").flatMap((text, index) => {
    const mark = /^\s*(`{3,}|~{3,})/.exec(text)?.[1] ?? "";
    if (fence === "" && mark !== "") {
      fence = mark;
      return [];
    }
    if (fence !== "" && mark.startsWith(fence)) {
      fence = "";
      return [];
    }
    return [{ text, line: index + 1, code: fence !== "" }];
  });
}
