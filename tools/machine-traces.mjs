/** No file of the repository may name a path or a host of the machine it was written on. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";

const EVERYWHERE = new Set(
  "bin boot dev etc home lib lib64 media mnt opt proc root run sbin srv sys tmp usr var".split(" "),
);
const INVENTED_USERS = new Set("alice bob carol ci me node user you".split(" "));
const TEXT = /\.(md|ts|mjs|js|json|c|h|py|sh|txt|yml|yaml|toml)$|^(\.npmrc|\.ci\/run)$/;
const REGISTRY = /\b(registry\.(npmjs|yarnpkg|npmmirror)\.\w+|npm\.pkg\.github\.com|\w[\w.-]*\/artifactory\/)/g;

/** @param {string} root @param {string} path @returns {string[]} */
export function machineTraces(root, path) {
  if (!TEXT.test(path)) return [];
  return readFileSync(join(root, path), "utf8")
    .split("\n")
    .flatMap((text, index) => {
      const traces = [...registries(text), ...(path.endsWith(".md") ? homes(text) : []), ...pathsBesideUs(root, text)];
      return traces.map((trace) => `${path}:${index + 1}: names something of one machine: ${trace}`);
    });
}

const registries = (/** @type {string} */ text) => [...text.matchAll(REGISTRY)].map(([host]) => host);

/** In documents, only invented users have a home directory. Tests may name any. */
const homes = (/** @type {string} */ text) =>
  [...text.matchAll(/(?<![\w.~-])\/(?:home|Users)\/([\w.-]+)/g)]
    .filter(([, name = ""]) => !INVENTED_USERS.has(name))
    .map(([path]) => path);

/**
 * Finds absolute paths that begin like the path of this checkout and exist: `/place/other` when this is `/place/isoline`.
 *
 * @param {string} root @param {string} text @returns {string[]}
 */
function pathsBesideUs(root, text) {
  const [, top = ""] = realpathSync(root).split("/");
  if (top === "" || EVERYWHERE.has(top) || !text.includes(`/${top}/`)) return [];
  return [...text.matchAll(/(?<![\w.~-])\/[\w.-]+(?:\/[\w.-]+)+/g)]
    .map(([path]) => path)
    .filter((path) => path.startsWith(`/${top}/`) && existsSync(path));
}
