/** A registry in memory: the part of the distribution protocol that pushing and pulling need, with or without referrers. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const digestOf = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

export interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer;
}

export class MemoryRegistry {
  /** By digest; a test may put other bytes in a place. */
  readonly blobs = new Map<string, Buffer>();
  /** By tag and by digest. */
  readonly manifests = new Map<string, Buffer>();
  /** Whether it has the referrers API, as registries of version 1.1 do. */
  readonly native: boolean;
  /** Returns a response to send instead of the registry's own, or undefined. */
  guard: ((request: IncomingMessage) => Answer | undefined) | undefined;
  /** The digest of a blob whose first byte is given and no more. */
  breaksOff: string | undefined;
  readonly #claims = new Map<string, Buffer>();
  readonly #server: Server;

  private constructor(native: boolean) {
    this.native = native;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async open(native: boolean): Promise<MemoryRegistry> {
    const registry = new MemoryRegistry(native);
    await new Promise<void>((resolve) => registry.#server.listen(0, "127.0.0.1", resolve));
    return registry;
  }

  /** The Authorization header of the request that opened the upload. */
  clear(): void {
    for (const each of [this.blobs, this.manifests, this.#claims]) each.clear();
    this.breaksOff = undefined;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** An empty image under a tag; its digests: of manifest and configuration. It may claim the configuration of another tag. */
  putImage(tag: string, configured = tag): { manifest: string; config: string } {
    const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", tag: configured }));
    const descriptor = {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: digestOf(config),
      size: config.length,
    };
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        config: descriptor,
        layers: [],
        ...(configured === tag ? {} : { annotations: { tag } }),
      }),
    );
    this.blobs.set(descriptor.digest, config);
    for (const name of [tag, digestOf(manifest)]) this.manifests.set(name, manifest);
    return { manifest: digestOf(manifest), config: descriptor.digest };
  }

  /** Reports these as referrers of a manifest, whether or not they are. */
  claim(digest: string, manifests: readonly unknown[]): void {
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }));
    this.#claims.set(digest, index);
    this.manifests.set(digest.replace(":", "-"), index);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const own = this.guard?.(request);
    const { status, headers, body } =
      own ?? this.#answer(request.method ?? "", request.url ?? "", Buffer.concat(pieces));
    response.writeHead(status, headers);
    if (this.breaksOff !== undefined && request.url?.endsWith(`blobs/${this.breaksOff}`) && request.method === "GET")
      return void response.write(body?.subarray(0, 1), () => response.destroy());
    response.end(request.method === "HEAD" ? undefined : body);
  }

  #answer(method: string, target: string, body: Buffer): Answer {
    const url = new URL(target, "http://localhost");
    const [, kind = "", name = ""] = /^\/v2\/web\/(manifests|blobs|referrers)\/(.*)$/.exec(url.pathname) ?? [];
    switch (`${method} ${kind}`) {
      case "GET manifests":
        return found(this.manifests.get(name), "application/vnd.oci.image.manifest.v1+json");
      case "PUT manifests": {
        for (const each of [name, digestOf(body)]) this.manifests.set(each, body);
        const { subject } = JSON.parse(body.toString()) as { subject?: { digest: string } };
        return { status: 201, headers: this.native && subject ? { "oci-subject": subject.digest } : {} };
      }
      case "HEAD blobs":
      case "GET blobs":
        return found(this.blobs.get(name), "application/octet-stream");
      case "POST blobs":
        return { status: 202, headers: { location: "/v2/web/blobs/uploads/1?state=x" } };
      case "PUT blobs":
        this.blobs.set(url.searchParams.get("digest") ?? "", body);
        return { status: 201 };
      case "GET referrers":
        return this.native
          ? found(this.#referrersOf(name), "application/vnd.oci.image.index.v1+json")
          : { status: 404 };
      default:
        return { status: 404 };
    }
  }

  #referrersOf(digest: string): Buffer {
    const claimed = this.#claims.get(digest);
    if (claimed) return claimed;
    const manifests = [...this.manifests].flatMap(([name, bytes]) => {
      const { subject, artifactType, annotations } = JSON.parse(bytes.toString()) as Record<
        string,
        { digest?: string }
      >;
      if (subject?.digest !== digest || !name.startsWith("sha256:")) return [];
      return [
        {
          mediaType: "application/vnd.oci.image.manifest.v1+json",
          digest: name,
          size: bytes.length,
          artifactType,
          annotations,
        },
      ];
    });
    return Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }));
  }
}

function found(body: Buffer | undefined, type: string): Answer {
  return body === undefined ? { status: 404 } : { status: 200, headers: { "content-type": type }, body };
}
