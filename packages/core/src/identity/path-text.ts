/**
 * How levelled paths are written, so that no real path can be taken for one.
 *
 *   /usr/bin/node            literal, every character of it
 *   $CWD/src/index.ts        below a directory that a token stands for
 *   $/var/lib/{redis-server#1}.rdb     tokens further down: `$/` is the root in a path that holds some
 *   $TMP/$literal:{gcc#1}.s  a name that looks like a token but is none
 *
 * Real canonical paths start with a slash, so a path that starts with a dollar sign holds tokens and nothing else does;
 * in it, `$literal:` marks each real name that could be read as a token. (Only /proc and /dev/pts have tokens in paths
 * that start with a slash: their file systems have no such names.)
 */
import { HASH } from "./content-address.ts";
import type { Labelled } from "./creations.ts";

/** Stands for the root directory in a path that holds tokens. */
export const ROOT = "$";
/** Marks a real name that looks like a token. */
export const LITERAL = "$literal:";

/** One real name, marked if it looks like a token. */
export function literal(name: string): string {
  return looksLikeToken(name) ? LITERAL + name : name;
}

function looksLikeToken(name: string): boolean {
  const first = name.charCodeAt(0);
  return first === 0x24 || first === 0x7b || name.includes(HASH);
}

/** Real names, each after a slash (`/a/b`), with marks where needed; the same text if no name needs one. */
export function literals(names: string): string {
  if (!names.includes("$") && !names.includes("{")) return names;
  return names.split("/").map(literal).join("/");
}

/** The components of `path` after position `from`, some replaced by labels: `/a/{gcc#1}.s`. All labels lie after that position. */
export function withLabels(path: string, from: number, labels: readonly Labelled[]): string {
  const parts: string[] = [];
  let next = 0;
  for (let start = from + 1; start <= path.length; ) {
    const slash = path.indexOf("/", start);
    const end = slash < 0 ? path.length : slash;
    const here = labels[next];
    if (here?.start === start) {
      next += 1;
      for (let above = 1; above <= here.label.fans && above <= parts.length; above += 1)
        parts[parts.length - above] = HASH;
      parts.push(here.label.text);
    } else parts.push(literal(path.slice(start, end)));
    start = end + 1;
  }
  return parts.map((part) => `/${part}`).join("");
}
