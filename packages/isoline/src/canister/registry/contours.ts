/**
 * Contours beside their images in a registry: an artifact whose subject is the image's manifest (OCI image-spec 1.1,
 * "Guidelines for Artifact Usage").
 */
import { CliError } from "../../error.ts";
import { type Descriptor, fallbackTag, isDescriptor, type Manifest, Registry, type Stored, types } from "./client.ts";
import { MOST_SIGNATURE } from "../../store/signature/beside.ts";
import { parseReference } from "./reference.ts";

const ARTIFACT = "application/vnd.isoline.contour.v1";
const CONTOUR = "application/vnd.isoline.contour.v1+text";
/** DSSE, envelope.md: "File Types". */
const SIGNATURE = "application/vnd.dsse.envelope.v1+json";
const EMPTY = "application/vnd.oci.empty.v1+json";
const CREATED = "org.opencontainers.image.created";

/** The digests by which engines may know an image: of its manifest and of its configuration. */
export interface Attached {
  readonly image: string;
  readonly digests: readonly string[];
  /** Digest of the artifact. */
  readonly artifact: string;
  readonly contour: Buffer;
  /** The bytes as received, not parsed yet. */
  readonly signature: Buffer | undefined;
  /** Number of attached contours; this one is the newest. */
  readonly count: number;
}

/** With further digests, which an index leads to: of its images for this platform. A signature for one of these is not for the index. */
export interface AttachedForAll extends Attached {
  readonly instances: readonly string[];
}

/** What isoline runs on. */
const PLATFORM = { os: "linux", architecture: "amd64" } as const;
/** Variants of that platform. Each is asked for. */
const MOST_INSTANCES = 16;

/** Pushes a contour, with its signature if it has one, as a referrer of the image; returns the artifact's digest. */
export async function attach(image: string, contour: Buffer, now: Date, signature?: Buffer): Promise<string> {
  const { registry, stored } = await resolve(image);
  const layers = [{ ...(await registry.putBlob(contour)), mediaType: CONTOUR }];
  if (signature !== undefined) layers.push({ ...(await registry.putBlob(signature)), mediaType: SIGNATURE });
  const config = { ...(await registry.putBlob(Buffer.from("{}"))), mediaType: EMPTY };
  const { mediaType, digest, size } = stored.descriptor;
  const annotations = { [CREATED]: now.toISOString() };
  const manifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    artifactType: ARTIFACT,
    config,
    layers,
    subject: { mediaType, digest, size },
    annotations,
  };
  const { descriptor, knows } = await registry.putManifest(manifest);
  if (!knows) await list(registry, digest, { ...descriptor, artifactType: ARTIFACT, annotations });
  return descriptor.digest;
}

/** The newest contour that is attached to an image. */
export async function fetchAttached(image: string): Promise<Attached> {
  return attachedTo(image, await resolve(image));
}

/** The same, with every digest by which an engine may know the image. */
export async function fetchForAll(image: string): Promise<AttachedForAll> {
  const resolved = await resolve(image);
  return { ...(await attachedTo(image, resolved)), instances: await instancesOf(image, resolved) };
}

interface Resolved {
  readonly registry: Registry;
  readonly stored: Stored;
}

async function attachedTo(image: string, { registry, stored }: Resolved): Promise<Attached> {
  const { digest } = stored.descriptor;
  const all = (await registry.referrers(digest)).filter(({ artifactType }) => artifactType === ARTIFACT);
  const newest = all.toSorted((a, b) => compare(createdOf(a), createdOf(b))).at(-1);
  if (newest === undefined)
    throw new CliError(
      "no-attached-contour",
      `${image}: no contour is attached to ${digest}; attach one with isoline attach-contour`,
    );
  const artifact = await registry.manifest(newest.digest);
  const layers = layersOf(image, digest, artifact);
  const contour = await registry.blob(layers.contour);
  const signature = layers.signature && (await registry.blob(layers.signature));
  const config = stored.manifest.config;
  const digests = isDescriptor(config) ? [digest, config.digest] : [digest];
  return { image: digest, digests, artifact: newest.digest, contour, signature, count: all.length };
}

/** Engines know an image of an index by the digest of its own manifest or configuration; none for what is no index. */
async function instancesOf(image: string, { registry, stored }: Resolved): Promise<readonly string[]> {
  const { manifests, config: own } = stored.manifest;
  if (manifests === undefined) return [];
  // A signature for the configuration of another image would hold for all that is listed here.
  if (own !== undefined)
    throw new CliError(
      "no-attached-contour",
      `${image}: expected an image or an index, got one that is both; push it anew`,
    );
  const listed: readonly unknown[] = Array.isArray(manifests) ? manifests : [];
  const fit = listed.filter(isDescriptor).filter(isForPlatform);
  if (fit.length === 0 || fit.length > MOST_INSTANCES)
    throw new CliError(
      "no-attached-contour",
      `${image}: expected an index with 1 to ${MOST_INSTANCES} images for ${PLATFORM.os}/${PLATFORM.architecture}, got ${fit.length}; ` +
        "name the one that runs, as NAME@sha256:…, with a contour attached to it",
    );
  const digests: string[] = [];
  for (const { digest } of fit) {
    const child = await registry.manifest(digest);
    if (child === undefined)
      throw new CliError(
        "no-attached-contour",
        `${image}: expected the registry to have ${digest}, which the index lists, got none; push the whole index`,
      );
    const { config } = child.manifest;
    digests.push(digest, ...(isDescriptor(config) ? [config.digest] : []));
  }
  return digests;
}

function isForPlatform({ platform }: Descriptor): boolean {
  return platform?.os === PLATFORM.os && platform.architecture === PLATFORM.architecture;
}

async function resolve(image: string): Promise<Resolved> {
  const reference = parseReference(image);
  const registry = new Registry(reference);
  const stored = await registry.manifest(reference.target);
  if (stored === undefined)
    throw new CliError("no-attached-contour", `${image}: the registry has no such image; push it first`);
  return { registry, stored };
}

/** For registries that do not maintain the list themselves. */
async function list(registry: Registry, subject: string, added: Descriptor): Promise<void> {
  const tag = fallbackTag(subject);
  const known = (await registry.manifest(tag))?.manifest.manifests ?? [];
  const others = known.filter((each) => isDescriptor(each) && each.digest !== added.digest);
  const index = { schemaVersion: 2, mediaType: types.index, manifests: [...others, added] };
  await registry.putManifest(index, tag);
}

/** The subject that a referrer claims is verified. */
function layersOf(
  image: string,
  digest: string,
  artifact: Stored | undefined,
): { readonly contour: Descriptor; readonly signature: Descriptor | undefined } {
  const { subject, layers = [] }: Manifest = artifact?.manifest ?? {};
  if (subject?.digest !== digest)
    throw new CliError(
      "no-attached-contour",
      `${image}: expected a contour for ${digest}, got one for ${JSON.stringify(subject?.digest ?? "nothing")}: it is for another image`,
    );
  const [contour, signature, ...more] = Array.isArray(layers) ? layers : [];
  const isContour = isDescriptor(contour) && contour.mediaType === CONTOUR;
  if (isContour && signature === undefined) return { contour, signature };
  if (!isContour || !isSignature(signature) || more.length > 0)
    throw new CliError(
      "no-attached-contour",
      `${image}: expected one contour in the artifact ${artifact?.descriptor.digest}, and at most its signature, got something else`,
    );
  return { contour, signature };
}

function isSignature(layer: unknown): layer is Descriptor {
  return isDescriptor(layer) && layer.mediaType === SIGNATURE && layer.size <= MOST_SIGNATURE;
}

function createdOf({ annotations }: Descriptor): string {
  const created = annotations?.[CREATED];
  return typeof created === "string" ? created : "";
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
