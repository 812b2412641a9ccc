/**
 * Finds the image that a bundle was made from. OCI bundles have no field for it; engines record it in annotations, or in files
 * of their own beside the bundle.
 *
 *   podman        …/overlay-containers/ID/userdata is the bundle; …/overlay-containers/containers.json has image and id,
 *                 …/overlay-images/images.json the digest of its manifest,
 *                 …/overlay-images/IMAGE-ID/manifest the manifest
 *   CRI-O, containerd under Kubernetes   annotations
 *   Docker        containers/ID/config.v2.json in its data directory; from there it binds containers/ID/hosts and similar files
 */
import { basename, dirname, join } from "node:path";
import type { Bundle } from "./bundle.ts";
import type { Image } from "./image.ts";
import { imageIn, parsed, readBounded, records } from "./storage.ts";

/** Containers that are removed when they end are listed in a separate file. */
const LISTS = ["containers.json", "volatile-containers.json"];
const HEX = /^[0-9a-f]{64}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/**
 * The image, as far as it can be found; empty for a plain bundle without an image. What an engine has recorded itself comes first: podman
 * and Docker take annotations of any name from the user who starts a container.
 */
export function imageOf(bundle: Bundle, id: string): Image {
  return inContainersStorage(bundle, id) ?? inDocker(bundle, id) ?? annotated(bundle.annotations);
}

function annotated(annotations: Readonly<Record<string, string>>): Image {
  const named = [
    "io.kubernetes.cri.image-name",
    "io.kubernetes.cri-o.ImageName",
    "io.kubernetes.cri-o.UserRequestedImage",
  ]
    .map((key) => annotations[key])
    .filter((name) => name !== undefined);
  const reference = annotations["io.kubernetes.cri-o.ImageRef"] ?? "";
  const digests = [...named, reference].flatMap((text) => /sha256:[0-9a-f]{64}$/.exec(text)?.[0] ?? []);
  return { names: named, digests: HEX.test(reference) ? [...digests, `sha256:${reference}`] : digests };
}

/**
 * What the manifest of the image states as annotations, where podman's storage has it. podman before 4.5.1 gave these to the container as
 * though the user had.
 */
export function statedByImage(bundle: Pick<Bundle, "directory">, id: string): Readonly<Record<string, unknown>> {
  const stored = storedContainer(bundle, id);
  if (stored === undefined) return {};
  return table(table(parsed(readBounded(join(stored.images, stored.imageId, "manifest"))))["annotations"]);
}

interface StoredContainer {
  /** The directory of the images. */
  readonly images: string;
  readonly imageId: string;
  /** The name by which the image was started. */
  readonly name: string | undefined;
}

function inContainersStorage(bundle: Bundle, id: string): Image | undefined {
  const stored = storedContainer(bundle, id);
  if (stored === undefined) return undefined;
  const { images, imageId, name } = stored;
  const image = records(join(images, "images.json")).find((each) => each["id"] === imageId);
  return imageIn(image ?? { id: imageId }, name);
}

function storedContainer({ directory }: Pick<Bundle, "directory">, id: string): StoredContainer | undefined {
  const own = dirname(directory);
  if (basename(directory) !== "userdata" || basename(own) !== id) return undefined;
  const containers = dirname(own);
  if (!containers.endsWith("-containers")) return undefined;
  const container = LISTS.flatMap((list) => records(join(containers, list))).find((each) => each["id"] === id);
  const imageId = container?.["image"];
  if (typeof imageId !== "string" || !HEX.test(imageId)) return undefined;
  const name = table(parsed(container?.["metadata"]))["image-name"];
  const images = `${containers.slice(0, -"-containers".length)}-images`;
  return { images, imageId, name: typeof name === "string" ? name : undefined };
}

function inDocker({ sources }: Pick<Bundle, "sources">, id: string): Image | undefined {
  if (!HEX.test(id)) return undefined;
  const own = `/containers/${id}`;
  const bound = sources.map((source) => dirname(source)).find((directory) => directory.endsWith(own));
  const text = readBounded(join(bound ?? `/var/lib/docker${own}`, "config.v2.json"));
  if (text === undefined) return undefined;
  const container = table(parsed(text));
  const name = table(container["Config"])["Image"];
  const digest = container["Image"];
  return {
    names: typeof name === "string" ? [name] : [],
    digests: typeof digest === "string" && DIGEST.test(digest) ? [digest] : [],
  };
}

function table(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
