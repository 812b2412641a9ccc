/** A package registry on loopback, with the two responses that `npm install` needs: a document and a tarball for each package. */
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

/** Files of a package by their path in it. `package.json` is made from the manifest. */
export interface Package {
  readonly manifest: Readonly<Record<string, unknown>> & { readonly name: string; readonly version: string };
  readonly files: Readonly<Record<string, string>>;
}

export class Registry {
  readonly #server: Server;
  #packages: readonly Package[] = [];
  /** Requests that would have published a package: method and path. */
  readonly published: string[] = [];

  private constructor() {
    this.#server = createServer((request, response) => {
      if (request.method !== "GET") this.published.push(`${request.method} ${request.url}`);
      const body = request.method === "GET" ? this.#answer(request.url ?? "") : Buffer.from("{}");
      response.writeHead(body ? 200 : 404, { "content-type": "application/json" }).end(body ?? "{}");
    });
  }

  static async open(): Promise<Registry> {
    const registry = new Registry();
    await new Promise<void>((resolve) => registry.#server.listen(0, "127.0.0.1", resolve));
    return registry;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Replaces the packages of the registry. */
  offer(packages: readonly Package[]): void {
    this.#packages = packages;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer(path: string): Buffer | undefined {
    const asked = this.#packages.find(({ manifest }) => path.startsWith(`/${manifest.name}`));
    if (!asked) return undefined;
    const bytes = tarball(asked);
    return path.endsWith(".tgz") ? bytes : Buffer.from(JSON.stringify(this.#document(asked, bytes)));
  }

  #document({ manifest }: Package, bytes: Buffer): unknown {
    const { name, version } = manifest;
    const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
    const dist = { tarball: `${this.url}${name}-${version}.tgz`, integrity };
    const hasInstallScript = "scripts" in manifest;
    return { name, "dist-tags": { latest: version }, versions: { [version]: { ...manifest, hasInstallScript, dist } } };
  }
}

/** A gzipped ustar archive with everything under `package/`. */
function tarball({ manifest, files }: Package): Buffer {
  const all = { "package.json": JSON.stringify(manifest), ...files };
  const parts = Object.entries(all).flatMap(([name, text]) => {
    const content = Buffer.from(text);
    return [header(`package/${name}`, content.length), content, Buffer.alloc(-content.length & 511)];
  });
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(1024)]));
}

/** One block of POSIX.1-1988: name, mode, ids, size, time, checksum, kind, magic; numbers in octal. */
function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, at: number, width: number) => block.write(value.toString(8).padStart(width, "0"), at);
  block.write(name, 0);
  octal(0o644, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(0, 136, 11);
  block.write("        0", 148);
  block.write("ustar\0" + "00", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
