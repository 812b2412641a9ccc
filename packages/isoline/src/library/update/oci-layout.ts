/** The files of an image in an OCI layout: a directory with an index and blobs (image-spec, image-layout.md). */
import { closeSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "@isoline/core/digest";
import { CliError } from "../../error.ts";
import { openRegular, readRegular, Unfit } from "../../store/bounded-file.ts";
import { digestOf, type Tree } from "./trees.ts";
import { archiveTree } from "./unpack.ts";

const MOST_JSON_BYTES = 4 * 1024 * 1024;
const MOST_LAYERS = 200;
const MOST_DEPTH = 4;
const DIGEST = /^sha256:([0-9a-f]{64})$/;
/** image-spec, layer.md: a file that is removed, and everything below a directory that is. */
const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";

interface Descriptor {
  readonly digest?: unknown;
}

/** The image of this digest, or the only one of the layout. */
export function imageTree(layout: string, digest: string | undefined): Tree {
  const { layers } = manifestOf(layout, digest);
  const files = new Map<string, Digest>();
  const links = new Map<string, string>();
  const unread: string[] = [];
  for (const layer of layers) {
    const blob = blobPath(layout, layer.digest);
    assertContent(blob, layer.digest);
    const tree = archiveTree(blob);
    for (const path of tree.files.keys()) removeBelow(path, files, links);
    for (const [path, file] of tree.files) if (!isWhiteout(path)) files.set(path, file);
    for (const [path, link] of tree.links) {
      files.delete(path);
      links.set(path, link);
    }
    for (const path of tree.files.keys()) if (!isWhiteout(path)) links.delete(path);
    unread.push(...tree.unread);
  }
  return { files, links, unread };
}

function manifestOf(layout: string, digest: string | undefined): { readonly layers: readonly Descriptor[] } {
  let found = digest ?? only(layout, jsonIn(layout, join(layout, "index.json")));
  for (let depth = 0; depth < MOST_DEPTH; depth++) {
    const path = blobPath(layout, found);
    assertContent(path, found);
    const { layers, manifests } = jsonIn(layout, path) as { layers?: unknown; manifests?: unknown };
    if (Array.isArray(layers) && layers.length <= MOST_LAYERS) return { layers: layers as Descriptor[] };
    found = only(layout, { manifests });
  }
  throw bad(layout, "an index of indexes without end");
}

function only(layout: string, index: unknown): string {
  const { manifests } = index as { manifests?: unknown };
  if (!Array.isArray(manifests)) throw bad(layout, "it has no manifests");
  const [first, ...others] = manifests as readonly {
    digest?: unknown;
    platform?: { os?: unknown; architecture?: unknown };
  }[];
  const here = [first, ...others].filter(
    (each) => each?.platform?.os === "linux" && each.platform.architecture === "amd64",
  );
  const chosen = others.length === 0 ? first : here.length === 1 ? here[0] : undefined;
  if (typeof chosen?.digest !== "string")
    throw bad(layout, `it holds ${manifests.length} images; name one: ${layout}@sha256:…`);
  return chosen.digest;
}

function jsonIn(layout: string, path: string): unknown {
  try {
    return JSON.parse(readRegular(path, MOST_JSON_BYTES, "a manifest").toString("utf8"));
  } catch (fault) {
    if (fault instanceof CliError) throw fault;
    throw bad(layout, (fault as Error).message);
  }
}

function blobPath(layout: string, digest: unknown): string {
  const [, hex] = DIGEST.exec(String(digest)) ?? [];
  if (hex === undefined) throw bad(layout, "a digest that is not of SHA-256");
  return join(layout, "blobs", "sha256", hex);
}

function assertContent(path: string, digest: unknown): void {
  const opened = openRegular(path, "refuse");
  if (opened instanceof Unfit) throw new CliError("cannot-read", `${path}: expected a blob, found ${opened.found}`);
  closeSync(opened.fd);
  if (`sha256:${digestOf(path)}` !== digest)
    throw new CliError("cannot-read", `${path}: its content is not what its digest says`);
}

function isWhiteout(path: string): boolean {
  return path.slice(path.lastIndexOf("/") + 1).startsWith(WHITEOUT);
}

/** Applies a whiteout to what earlier layers have. */
function removeBelow(path: string, ...earlier: Map<string, unknown>[]): void {
  if (!isWhiteout(path)) return;
  const end = path.lastIndexOf("/") + 1;
  const [directory, name] = [path.slice(0, end), path.slice(end)];
  const gone = name === OPAQUE ? directory : `${directory}${name.slice(WHITEOUT.length)}`;
  for (const entries of earlier)
    for (const each of entries.keys())
      if (name === OPAQUE ? each.startsWith(gone) : each === gone || each.startsWith(`${gone}/`)) entries.delete(each);
}

function bad(layout: string, why: string): CliError {
  return new CliError("cannot-read", `${layout}: expected an OCI layout: ${why}`);
}
