/** What the documents name must exist: links, commands, scripts. And no path or name of one machine may appear in them. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { linksOf, anchorsOf, codeLinesOf } from "./markdown.mjs";
import { machineTraces } from "./machine-traces.mjs";
import { filesUnder } from "./sources.mjs";

/** @param {string} root @returns {string[]} */
export function documentViolations(root) {
  const pages = filesUnder(root, "").filter((path) => path.endsWith(".md"));
  if (pages.length === 0) return ["no documents found, so there is nothing to check"];
  return [
    ...pages.flatMap((page) => brokenLinks(root, page)),
    ...filesUnder(root, "").flatMap((path) => machineTraces(root, path)),
    ...unknownScripts(
      root,
      pages.filter((page) => !page.includes("/")),
    ),
    ...unknownCommands(root, pages),
  ];
}

/** @param {string} root @param {string} page */
function brokenLinks(root, page) {
  return linksOf(readFileSync(join(root, page), "utf8")).flatMap(({ target, line }) => {
    if (/^[a-z][a-z+.-]*:/i.test(target)) return [];
    const [path = "", anchor] = target.split("#");
    const file = path === "" ? page : normalize(join(dirname(page), decodeURIComponent(path)));
    if (path.startsWith("/") || file.startsWith(".."))
      return [`${page}:${line}: ${target} leads out of the repository`];
    if (!existsSync(join(root, file))) return [`${page}:${line}: ${target} leads nowhere`];
    if (anchor === undefined || !file.endsWith(".md")) return [];
    const known = anchorsOf(readFileSync(join(root, file), "utf8")).has(anchor);
    return known ? [] : [`${page}:${line}: ${file} has no section #${anchor}`];
  });
}

/** The scripts of package.json that the pages of the top folder name. A line with ` -- ` is about another project's scripts. */
function unknownScripts(/** @type {string} */ root, /** @type {string[]} */ pages) {
  const { scripts = {} } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return pages.flatMap((page) =>
    codeLinesOf(readFileSync(join(root, page), "utf8"))
      .filter(({ text }) => !text.includes(" -- "))
      .flatMap(({ text, line }) =>
        [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test))/g)]
          .map(([, run, short]) => run ?? short ?? "")
          .filter((name) => !(name in scripts))
          .map((name) => `${page}:${line}: package.json has no script "${name}"`),
      ),
  );
}

/** The first line of a file: it looks like a command and is none. */
const FORMAT_LINE = /isoline (?:contour|evidence) \d/;

/** @param {string} root @param {string[]} pages */
function unknownCommands(root, pages) {
  const isoline = "packages/isoline/bin/isoline";
  if (!existsSync(join(root, isoline))) return [`skipped: the commands the documents name (${isoline} is not there)`];
  const { status, stdout, stderr } = spawnSync(join(root, isoline), ["--help"], { encoding: "utf8", timeout: 30_000 });
  if (status !== 0) return [`${isoline} --help ended with status ${status}: ${(stderr ?? "").split("\n")[0]}`];
  const [, list = ""] = stdout.split(/^commands:.*$/im);
  const commands = new Set([...list.matchAll(/^ {2,4}([a-z][\w-]*)/gm)].map(([, name]) => name));
  if (commands.size === 0) return [`${isoline} --help lists no commands under "Commands:"`];
  return pages.flatMap((page) =>
    codeLinesOf(readFileSync(join(root, page), "utf8")).flatMap(({ text, line }) =>
      [...text.replace(FORMAT_LINE, "").matchAll(/(?:^|[\s$(])isoline ([a-z][a-z-]*)/g)]
        .filter(([, name = ""]) => !commands.has(name) && name !== "help")
        .map(([, name]) => `${page}:${line}: isoline has no command "${name}"`),
    ),
  );
}
