/**
 * An image in the form of an OCI image layout (image-layout.md), with the contour that belongs to it, as one push holds them:
 *
 *   index.json, blobs/sha256/…    the layout, with one manifest
 *   contour, contour.sig          the contour, and its signature for this image
 *
 * What is not signed is neither decompressed nor unpacked.
 */
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { refused, shown } from "./refusal.ts";
import { readTar, type TarEntry } from "./tar.ts";

/** By name; what `readTar` found in a push. */
export type Push = ReadonlyMap<string, Buffer>;

export interface ImageManifest {
  /** `sha256:…` */
  readonly digest: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** What an image says about its process (config.md). */
export interface ImageConfiguration {
  readonly user: string;
  readonly env: readonly string[];
  readonly args: readonly string[];
  readonly cwd: string;
  /** The digest of each layer, unpacked. */
  readonly diffIds: readonly string[];
}

type Table = Readonly<Record<string, unknown>>;

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const TAR = "application/vnd.oci.image.layer.v1.tar";
const GZIP = `${TAR}+gzip`;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const MOST_JSON = 1024 * 1024;
const MOST_LAYERS = 64;
const MOST_UNPACKED = 512 * 1024 * 1024;
const MOST_WORDS = 1024;

export function readPush(archive: Buffer): Push {
  return new Map(
    readTar(archive)
      .filter(({ kind }) => kind === "file")
      .map(({ path, content }) => [path.replace(/^\.\//, ""), content]),
  );
}

/** The one manifest of the layout; its digest names the image. */
export function manifestOf(push: Push): ImageManifest {
  const manifests = list(table(json(push.get("index.json"), "index.json")), "manifests");
  if (manifests.length !== 1) throw refused("a layout with one manifest", `${manifests.length}`);
  const found = descriptor(manifests[0]);
  if (found.mediaType !== MANIFEST) throw refused(MANIFEST, shown(found.mediaType));
  const manifest = table(json(blob(push, found), "the manifest"));
  const layers = list(manifest, "layers").map(descriptor);
  if (layers.length > MOST_LAYERS) throw refused(`at most ${MOST_LAYERS} layers`, `${layers.length}`);
  return { digest: found.digest, config: descriptor(manifest["config"]), layers };
}

export function configurationOf(push: Push, { config }: ImageManifest): ImageConfiguration {
  const image = table(json(blob(push, config), "the configuration"));
  if (image["os"] !== "linux" || image["architecture"] !== "amd64")
    throw refused("an image for linux on amd64", shown(`${String(image["os"])} on ${String(image["architecture"])}`));
  const said = table(image["config"] ?? {});
  return {
    user: text(said["User"] ?? ""),
    env: words(said["Env"]),
    args: [...words(said["Entrypoint"]), ...words(said["Cmd"])],
    cwd: text(said["WorkingDir"] || "/"),
    diffIds: list(table(image["rootfs"]), "diff_ids").map(text),
  };
}

/** The entries of each layer, from the lowest to the highest. Each must have the digest that manifest and configuration say. */
export function layersOf(push: Push, { layers }: ImageManifest, { diffIds }: ImageConfiguration): TarEntry[][] {
  if (diffIds.length !== layers.length) throw refused(`${layers.length} digests of layers`, `${diffIds.length}`);
  let left = MOST_UNPACKED;
  return layers.map((layer, index) => {
    const bytes = unpacked(blob(push, layer), layer.mediaType, left);
    left -= bytes.length;
    if (digestOf(bytes) !== diffIds[index]) throw refused(`a layer with the digest ${diffIds[index]}`, digestOf(bytes));
    return readTar(bytes);
  });
}

function unpacked(bytes: Buffer, mediaType: string, most: number): Buffer {
  if (mediaType === TAR && bytes.length <= most) return bytes;
  if (mediaType !== GZIP && mediaType !== TAR)
    throw refused(`a layer of type ${TAR}, also with +gzip`, shown(mediaType));
  try {
    return gunzipSync(bytes, { maxOutputLength: Math.max(most, 1) });
  } catch {
    throw refused(`a layer in gzip, with at most ${MOST_UNPACKED} bytes in all`, "another");
  }
}

function blob(push: Push, { digest, size }: Descriptor): Buffer {
  const bytes = push.get(`blobs/${digest.replace(":", "/")}`);
  if (bytes === undefined) throw refused(`the blob ${digest}`, "none of that name");
  if (bytes.length !== size || digestOf(bytes) !== digest)
    throw refused(`a blob with the digest ${digest}`, digestOf(bytes));
  return bytes;
}

export const digestOf = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

function descriptor(value: unknown): Descriptor {
  const { mediaType, digest, size } = table(value);
  if (typeof digest !== "string" || !DIGEST.test(digest)) throw refused("a digest, sha256:…", shown(String(digest)));
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) throw refused("a size", shown(String(size)));
  return { mediaType: text(mediaType), digest, size };
}

function json(bytes: Buffer | undefined, what: string): unknown {
  if (bytes === undefined || bytes.length > MOST_JSON)
    throw refused(`${what}, of at most ${MOST_JSON} bytes`, bytes === undefined ? "none" : `${bytes.length}`);
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw refused(`${what} in JSON`, "something else");
  }
}

function table(value: unknown): Table {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw refused("a table of an image", "something else");
  return value as Table;
}

function list(source: Table, key: string): readonly unknown[] {
  const value = source[key];
  if (!Array.isArray(value)) throw refused(`a list, ${key}`, "something else");
  return value;
}

function words(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > MOST_WORDS)
    throw refused(`a list of at most ${MOST_WORDS} words`, "something else");
  return value.map(text);
}

function text(value: unknown): string {
  if (typeof value !== "string" || value.includes("\0")) throw refused("text", shown(String(value)));
  return value;
}
