/**
 * A client of the distribution protocol (OCI distribution-spec 1.1), as far as contours need it. The server may be hostile:
 * every answer is bounded, and checked against its digest if it has one.
 */
import { createHash } from "node:crypto";
import { CliError } from "../../error.ts";
import type { PatientAnswer } from "../../store/patient-fetch.ts";
import { DIGEST, type Reference } from "./reference.ts";
import { Session, urlIn } from "./session.ts";

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** In an index. */
  readonly platform?: { readonly os?: string; readonly architecture?: string };
}

export interface Manifest {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Stored {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
}

export const types = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
} as const;

const MOST_MANIFEST = 4 * 2 ** 20;
const MOST_BLOB = 256 * 2 ** 20;

export class Registry {
  readonly #origin: string;
  readonly #name: string;

  readonly #session: Session;

  constructor(reference: Reference) {
    this.#origin = reference.origin;
    this.#name = reference.name;
    this.#session = new Session(reference);
  }

  /** A manifest or index by tag or digest; undefined if there is none. */
  async manifest(target: string): Promise<Stored | undefined> {
    const response = await this.#ask("GET", `manifests/${target}`, { accept: Object.values(types).join(", ") });
    if (response.status === 404) return undefined;
    const bytes = await this.#body(response, [200], MOST_MANIFEST);
    const digest = digestOf(bytes);
    if (DIGEST.test(target) && target !== digest) throw this.#wrong(`a manifest with the digest ${target}`, digest);
    const manifest = this.#manifestIn(bytes);
    const mediaType = manifest.mediaType ?? response.headers.get("content-type") ?? types.manifest;
    return { manifest, descriptor: { mediaType, digest, size: bytes.length } };
  }

  /** The referrers of a manifest: by the referrers API or, if the registry lacks it, by the fallback tag. */
  async referrers(digest: string): Promise<readonly Descriptor[]> {
    const response = await this.#ask("GET", `referrers/${digest}`, { accept: types.index });
    const index =
      response.status === 404
        ? (await this.manifest(fallbackTag(digest)))?.manifest
        : this.#manifestIn(await this.#body(response, [200], MOST_MANIFEST));
    const all = index?.manifests ?? [];
    if (!Array.isArray(all)) throw this.#wrong("a list of referrers", typeof all);
    return all.filter(isDescriptor);
  }

  async blob({ digest, size }: Descriptor): Promise<Buffer> {
    if (size > MOST_BLOB) throw this.#wrong(`a contour of at most ${MOST_BLOB} bytes`, `${size} bytes`);
    const bytes = await this.#body(await this.#ask("GET", `blobs/${digest}`, {}), [200], size);
    if (bytes.length !== size || digestOf(bytes) !== digest)
      throw this.#wrong(`${size} bytes with the digest ${digest}`, `${bytes.length} bytes with ${digestOf(bytes)}`);
    return bytes;
  }

  async putBlob(bytes: Buffer): Promise<Descriptor> {
    const digest = digestOf(bytes);
    const descriptor = { mediaType: "application/octet-stream", digest, size: bytes.length };
    const there = await this.#ask("HEAD", `blobs/${digest}`, {});
    if (there.status === 200) return descriptor;
    const upload = await this.#ask("POST", "blobs/uploads/", {});
    await this.#body(upload, [202], MOST_MANIFEST);
    const location = urlIn(upload.headers.get("location"), new URL(this.#origin));
    if (location === undefined) throw this.#wrong("a location for an upload", "none");
    location.searchParams.set("digest", digest);
    const headers = { "content-type": "application/octet-stream" };
    const put = await this.#session.ask(location, { method: "PUT", headers, body: bytes });
    await this.#body(put, [201], MOST_MANIFEST);
    return descriptor;
  }

  /** Uploads a manifest, by its digest or by a tag. `knows`: the registry adds it to the referrers of its subject by itself. */
  async putManifest(manifest: Manifest, tag?: string): Promise<{ descriptor: Descriptor; knows: boolean }> {
    const bytes = Buffer.from(JSON.stringify(manifest));
    const mediaType = manifest.mediaType ?? types.manifest;
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    const response = await this.#ask(
      "PUT",
      `manifests/${tag ?? descriptor.digest}`,
      { "content-type": mediaType },
      bytes,
    );
    await this.#body(response, [201], MOST_MANIFEST);
    return { descriptor, knows: response.headers.has("oci-subject") };
  }

  #ask(method: string, path: string, headers: Record<string, string>, body?: Buffer): Promise<PatientAnswer> {
    return this.#session.ask(new URL(`/v2/${this.#name}/${path}`, this.#origin), { method, headers, body });
  }

  /** Reads up to a number of bytes; a longer body is not read to its end. */
  async #body(response: PatientAnswer, expected: readonly number[], most: number): Promise<Buffer> {
    if (!expected.includes(response.status)) {
      await response.dismiss();
      const advice =
        response.status === 401 || response.status === 403
          ? "; these credentials do not permit it: log in with others"
          : "";
      throw this.#wrong(
        `status ${expected.join(" or ")} for ${new URL(response.url).pathname}`,
        `${response.status}${advice}`,
      );
    }
    const bytes = await response.bytes(most);
    if (bytes === undefined) throw this.#wrong(`at most ${most} bytes`, "more");
    return bytes;
  }

  #manifestIn(bytes: Buffer): Manifest {
    try {
      const value: unknown = JSON.parse(bytes.toString("utf8"));
      if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Manifest;
    } catch {
      // Reported below.
    }
    throw this.#wrong("a manifest", "something else");
  }

  #wrong(expected: string, got: string): CliError {
    return new CliError("registry-refused", `${this.#origin}/${this.#name}: expected ${expected}, got ${got}`);
  }
}

/** The tag that lists referrers on registries without the referrers API (distribution-spec, "Referrers tag schema"). */
export function fallbackTag(digest: string): string {
  return digest.replace(":", "-");
}

export function isDescriptor(value: unknown): value is Descriptor {
  const { digest, size, mediaType } = (value ?? {}) as Partial<Descriptor>;
  return (
    typeof digest === "string" &&
    DIGEST.test(digest) &&
    typeof mediaType === "string" &&
    Number.isSafeInteger(size) &&
    Number(size) >= 0
  );
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
