/**
 * Remembers which checks passed, and for which content: a tree that is the same as then is not judged again.
 *
 * What is remembered stands in `dist/checks` of the judged tree, so a clean checkout judges everything. Only success is remembered.
 */
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./run.mjs";

/** What npm installed, version by version: tools, and the types of libraries. It is hashed by this list, not by its files. */
const INSTALLED = "node_modules/.package-lock.json";
const NOT_READ = new Set(["node_modules", "coverage", ".git"]);

/** @param {string} root @param {string} name @returns {string} the content for which the check passed last, empty if it never did */
export function passedFor(root, name) {
  try {
    return readFileSync(join(root, "dist/checks", name), "utf8");
  } catch {
    return "";
  }
}

/** @param {string} root @param {string} name @param {string} content */
export function rememberPassed(root, name, content) {
  mkdirSync(join(root, "dist/checks"), { recursive: true });
  writeFileSync(join(root, "dist/checks", name), content);
}

/**
 * Digests of everything that a check of this tree reads: the files, what is installed, these tools, and the version of Node.
 *
 * @param {string} root
 * @returns {{ code: string, all: string } | undefined} `code` leaves out documents; undefined where something cannot be read, so
 * that nothing is known to be unchanged
 */
export function contentOf(root) {
  const code = createHash("sha256").update(JSON.stringify([process.versions, process.arch]));
  const documents = createHash("sha256");
  try {
    for (const folder of new Set([repository, root])) code.update(readFileSync(join(folder, INSTALLED)));
    if (root !== repository) addFolder(join(repository, "tools"), "", { code, documents: code });
    addFolder(root, "", { code, documents });
  } catch {
    return undefined;
  }
  const digest = code.digest("hex");
  return { code: digest, all: createHash("sha256").update(digest).update(documents.digest()).digest("hex") };
}

/**
 * @param {string} root @param {string} folder
 * @param {{ code: import("node:crypto").Hash, documents: import("node:crypto").Hash }} into
 */
function addFolder(root, folder, into, built = folder.split("/").includes("dist")) {
  for (const name of readdirSync(join(root, folder)).sort()) {
    const path = folder === "" ? name : `${folder}/${name}`;
    const status = lstatSync(join(root, path));
    if (status.isDirectory()) {
      if (!NOT_READ.has(name) && path !== "dist") addFolder(root, path, into);
    } else if ((status.isFile() || status.isSymbolicLink()) && (!built || name.endsWith(".d.ts"))) {
      const content = status.isFile() ? readFileSync(join(root, path)) : Buffer.from(readlinkSync(join(root, path)));
      const head = JSON.stringify([path, status.mode, content.length]);
      (name.endsWith(".md") ? into.documents : into.code).update(head).update(content);
    }
  }
}
