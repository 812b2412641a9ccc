/**
 * The root file system of an image, put together from its layers in memory (OCI image specification, layer.md). No name is looked up in a
 * file system while this is done, so no link of a layer leads anywhere.
 */
import { refused, shown } from "./refusal.ts";
import type { TarEntry } from "./tar.ts";

export type TreeNode =
  | { readonly kind: "directory"; readonly mode: number }
  | { readonly kind: "file"; readonly mode: number; readonly content: Buffer }
  | { readonly kind: "symlink"; readonly target: string };

/** By path, without a leading slash; the root is not in it. A directory comes before what is in it. */
export type Tree = ReadonlyMap<string, TreeNode>;

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
const MOST_DEPTH = 64;
/** Where a bundle mounts (bundle.ts). A link there would have the runtime look elsewhere. */
const MOUNTED = ["proc", "dev", "tmp"];
/** What Node puts in place of bytes that are no UTF-8: two names would become one. */
const NO_TEXT = "\ufffd";

/** The layers from the lowest to the highest. */
export function treeOf(layers: readonly (readonly TarEntry[])[]): Tree {
  const tree = new Map<string, TreeNode>();
  for (const layer of layers) {
    const named = layer.map((entry) => ({ entry, path: pathOf(entry.path) }));
    // What a layer takes away is of the layers below it, wherever the entry stands.
    for (const { path } of named) if (isWhiteout(path)) takeAway(tree, path);
    for (const { entry, path } of named) if (path !== "" && !isWhiteout(path)) put(tree, path, entry);
  }
  for (const place of MOUNTED) if (!tree.has(place)) tree.set(place, { kind: "directory", mode: 0o755 });
  const wrong = MOUNTED.find((place) => tree.get(place)?.kind !== "directory");
  if (wrong !== undefined) throw refused("a directory where something is mounted", `something else at ${wrong}`);
  return new Map([...tree].sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** `./usr/bin/` is `usr/bin`. */
function pathOf(written: string): string {
  const parts = written.split("/").filter((part) => part !== "" && part !== ".");
  const isFit = parts.every(
    (part) => part !== ".." && part.length <= 255 && !part.includes("\0") && !part.includes(NO_TEXT),
  );
  if (!isFit || parts.length > MOST_DEPTH) throw refused("a path inside of the image", shown(written));
  return parts.join("/");
}

const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);
const above = (path: string) => path.slice(0, Math.max(path.lastIndexOf("/"), 0));
const isWhiteout = (path: string) => nameOf(path).startsWith(WHITEOUT);

function takeAway(tree: Map<string, TreeNode>, path: string): void {
  const [folder, name] = [above(path), nameOf(path)];
  const inside = folder === "" ? "" : `${folder}/`;
  if (name === OPAQUE) return removeBelow(tree, inside);
  const gone = `${inside}${name.slice(WHITEOUT.length)}`;
  tree.delete(gone);
  removeBelow(tree, `${gone}/`);
}

function removeBelow(tree: Map<string, TreeNode>, prefix: string): void {
  for (const path of [...tree.keys()]) if (path.startsWith(prefix)) tree.delete(path);
}

function put(tree: Map<string, TreeNode>, path: string, entry: TarEntry): void {
  makeAbove(tree, path);
  const before = tree.get(path);
  const node = nodeOf(tree, entry);
  if (before?.kind === "directory" && node.kind !== "directory") removeBelow(tree, `${path}/`);
  tree.set(path, node);
}

/** A directory that no layer has is made. Nothing is ever put behind a link, or into a file. */
function makeAbove(tree: Map<string, TreeNode>, path: string): void {
  const folder = above(path);
  if (folder === "") return;
  const there = tree.get(folder);
  if (there?.kind === "directory") return;
  if (there !== undefined) throw refused("a directory above each file of a layer", `a ${there.kind}, ${shown(folder)}`);
  makeAbove(tree, folder);
  tree.set(folder, { kind: "directory", mode: 0o755 });
}

/** Everything belongs to root in a canister, and no program gets rights by its file: those bits are dropped. */
function nodeOf(tree: Tree, { kind, mode, target, content, path }: TarEntry): TreeNode {
  switch (kind) {
    case "directory":
      return { kind, mode: mode & 0o1777 };
    case "file":
      return { kind, mode: mode & 0o777, content };
    case "symlink":
      if (target === "" || target.includes("\0")) throw refused("a link that leads somewhere", shown(path));
      return { kind, target };
    case "hardlink": {
      const linked = tree.get(pathOf(target));
      if (linked?.kind !== "file") throw refused("a hard link to a file of the image", shown(target));
      return linked;
    }
    case "special":
      throw refused("no device, pipe or socket in an image", shown(path));
  }
}
