/** The files of one version of something: their contents, and where its links lead, by their paths in it. */
import { createHash } from "node:crypto";
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "@isoline/core/digest";
import { CliError } from "../../error.ts";

/** One version. Paths have no slash at their beginning. */
export interface Tree {
  /** Regular files, by the digest of their content. */
  readonly files: ReadonlyMap<string, Digest>;
  /** Links, by the text that they hold. */
  readonly links: ReadonlyMap<string, string>;
  /** What belongs to it and could not be looked at, in words. */
  readonly unread: readonly string[];
}

export interface Versions {
  readonly from: Tree;
  readonly to: Tree;
}

const MOST_FILES = 500_000;
const PIECE = 1 << 20;

/** The tree below a directory. Links are not followed, and other file systems' contents count like its own. */
export function treeOf(directory: string): Tree {
  const files = new Map<string, Digest>();
  const links = new Map<string, string>();
  const unread: string[] = [];
  const pending = [""];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const name of readdirSync(join(directory, at))) {
      const path = at === "" ? name : `${at}/${name}`;
      if (files.size + links.size >= MOST_FILES) throw tooMany(directory);
      const stat = lstatSync(join(directory, path));
      if (stat.isDirectory()) pending.push(path);
      else if (stat.isSymbolicLink()) links.set(path, readlinkSync(join(directory, path)));
      else if (stat.isFile()) files.set(path, digestOf(join(directory, path)));
      else unread.push(`${path} is no regular file`);
    }
  }
  return { files, links, unread };
}

/** The same tree with every path below another one. */
export function below(tree: Tree, prefix: string): Tree {
  const moved = <T>(entries: ReadonlyMap<string, T>) =>
    new Map([...entries].map(([path, entry]) => [`${prefix}/${path}`, entry]));
  return { files: moved(tree.files), links: moved(tree.links), unread: tree.unread };
}

/** One tree of several; what comes later replaces what came before. */
export function together(trees: readonly Tree[]): Tree {
  return {
    files: new Map(trees.flatMap(({ files }) => [...files])),
    links: new Map(trees.flatMap(({ links }) => [...links])),
    unread: trees.flatMap(({ unread }) => unread),
  };
}

export function digestOf(path: string): Digest {
  const hash = createHash("sha256");
  const fd = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(PIECE);
    for (let got = readSync(fd, bytes); got > 0; got = readSync(fd, bytes)) hash.update(bytes.subarray(0, got));
  } finally {
    closeSync(fd);
  }
  return hash.digest("hex") as Digest;
}

function tooMany(directory: string): CliError {
  return new CliError(
    "cannot-read",
    `${directory}: more than ${MOST_FILES} files; name the part of it that is updated`,
  );
}
