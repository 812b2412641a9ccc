/**
 * `npm run site`: builds the documents as a static site with search, in dist/site.
 *
 * The pages are copied, not rewritten: README.md becomes the first page, pages in docs/ keep their place, and a link that leads
 * out of the documents (to a source, a test) becomes plain text. The generator is installed in site/, apart from the project's
 * own dependencies. It refuses a dead link.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { repository, run } from "./run.mjs";
import { filesUnder } from "./sources.mjs";

const site = join(repository, "site");
const pages = join(site, "pages");
const out = join(repository, "dist/site");
/** Pages outside docs/, with their path on the site. */
const moved = new Map([
  ["README.md", "index.md"],
  ["docs/README.md", "documents.md"],
  ["ARCHITECTURE.md", "architecture.md"],
  ["CONTRIBUTING.md", "contributing.md"],
  ["SECURITY.md", "security.md"],
  ["CHANGELOG.md", "changelog.md"],
]);

const sources = filesUnder(repository, "").filter(
  (path) => path.endsWith(".md") && (moved.has(path) || path.startsWith("docs/") || path.startsWith("examples/")),
);
rmSync(pages, { recursive: true, force: true });
process.on("exit", () => rmSync(pages, { recursive: true, force: true }));
for (const path of sources) {
  const to = join(pages, placeOf(path));
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, relinked(path, readFileSync(join(repository, path), "utf8")));
}
for (const path of filesUnder(repository, "docs").filter((each) => /\.(json|jsonl|svg|png)$/.test(each))) {
  const to = join(pages, "public", placeOf(path));
  mkdirSync(dirname(to), { recursive: true });
  cpSync(join(repository, path), to);
}
requireMenu();
await must(["npm", "ci", "--prefix", site, "--prefer-offline", "--no-audit", "--no-fund"]);
await must([process.execPath, join(site, "node_modules/vitepress/bin/vitepress.js"), "build", site]);
console.log(`the site is in ${relative(repository, out)}`);

/** @param {string} path */
function placeOf(path) {
  return moved.get(path) ?? path.replace(/^docs\//, "").replace(/README\.md$/, "index.md");
}

/** @param {string} from @param {string} text */
function relinked(from, text) {
  return text.replace(/(!?)\[([^\]]*)\]\(([^)\s]+)\)/g, (whole, image, words, target) => {
    if (/^[a-z][a-z+.-]*:|^#/i.test(target)) return whole;
    const [path = "", anchor] = target.split("#");
    const file = normalize(join(dirname(from), path)).replace(/\/$/, "");
    const page = [file, `${file}/README.md`].find((each) => sources.includes(each));
    if (page !== undefined) {
      const link = relative(dirname(placeOf(from)), placeOf(page)) || ".";
      return `${image}[${words}](${link.startsWith(".") ? link : `./${link}`}${anchor === undefined ? "" : `#${anchor}`})`;
    }
    if (file.startsWith("docs/") && existsSync(join(repository, file)) && /\.(json|jsonl)$/.test(file))
      return `[${words}](/${placeOf(file)}){target="_self"}`;
    return words.includes(file) || words.includes("`") ? words : `${words} (\`${file}\`)`;
  });
}

/** The generator finds a dead link on a page, but not one in the menu. */
function requireMenu() {
  const menu = readFileSync(join(site, ".vitepress/config.mjs"), "utf8");
  const links = [...menu.matchAll(/page\("[^"]*", "\/([^"]*)"\)/g)].map(([, link = ""]) => link);
  const dead = links.filter((link) => !existsSync(join(pages, `${link.replace(/(^|\/)$/, "$1index")}.md`)));
  if (links.length === 0 || dead.length > 0)
    throw new Error(`expected pages for the links of the menu, got none for: ${dead.join(", ") || "any"}`);
}

/** @param {string[]} command */
async function must(command) {
  const { status, output } = await run(command, { cwd: site, limitSeconds: 300 });
  if (status === 0) return;
  console.error(output);
  throw new Error(`${command.slice(0, 3).join(" ")} ended with status ${status}`);
}
