/**
 * One page that holds everything: no request leaves it, and names from a workload are only ever text.
 *
 * The page forbids itself everything but its own style and its own script, which it names by their digests. The script makes elements
 * and sets their text; it never reads text as HTML.
 */
import { createHash } from "node:crypto";
import type { ContourMap } from "./map.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";

export function document(map: ContourMap): string {
  const policy = `default-src 'none'; style-src ${digest(style)}; script-src ${digest(script)}; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${text(map.title)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${text(map.title)}</h1>
<p class="facts">${map.facts.map(text).join(" · ")}</p>
</header>
<main>
<section aria-labelledby="first">
<h2 id="first">What matters first</h2>
${map.first.length === 0 ? "<p class=quiet>No credentials, persistence, privilege, execution or network.</p>" : `<ul class="rows">${map.first.map(firstRow).join("")}</ul>`}
</section>
${changedFiles(map.changed)}<section aria-labelledby="programs">
<h2 id="programs">Programs</h2>
<div class="tools">
<input id="search" type="search" placeholder="Search programs, paths, addresses  ( / )" aria-label="Search" autocomplete="off" spellcheck="false">
<div id="kinds" class="kinds" role="group" aria-label="Consequences"></div>
</div>
<p id="count" class="quiet" role="status"></p>
<div id="tree"></div>
<noscript><p class="quiet">Scripts are switched off, so the programs are not listed here. isoline show --all lists them as text.</p></noscript>
</section>
</main>
<footer>Made by isoline from a contour. The page needs no network, and sends nothing.</footer>
<script type="application/json" id="data">${json(map)}</script>
<script>${script}</script>
</body>
</html>
`;
}

const MOST_CHANGED = 200;

function changedFiles(changed: readonly string[]): string {
  if (changed.length === 0) return "";
  const rest = changed.length - MOST_CHANGED;
  const rows = changed
    .slice(0, MOST_CHANGED)
    .map((each) => `<li class="row"><span class="kind">changed</span><span class="says">${text(each)}</span></li>`);
  const more = rest > 0 ? `<p class="quiet">… and ${rest} more; isoline diff lists them</p>` : "";
  return `<section aria-labelledby="changed"><h2 id="changed">Rules and files that changed, with the acts on them</h2><ul class="rows">${rows.join("")}</ul>${more}</section>\n`;
}

function firstRow({ program, says, consequence, sign }: ContourMap["first"][number]): string {
  const mark = sign === undefined ? "" : `<span class="sign">${text(sign)}</span> `;
  return `<li class="row ${text(consequence)}"><span class="kind">${text(consequence)}</span><span class="says">${mark}${text(says)}</span><span class="by">${text(program)}</span></li>`;
}

/** Text in an element or in a quoted attribute. */
function text(value: string): string {
  return value.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

/** In a script element, nothing may look like the end of one, or like the beginning of a comment. */
function json(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll("<", "\\u003c")
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");
}

function digest(code: string): string {
  return `'sha256-${createHash("sha256").update(code).digest("base64")}'`;
}
