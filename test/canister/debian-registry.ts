/** Debian's registry of images, on a port of this machine. */
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Registry } from "../../packages/isoline/src/canister/registry/client.ts";
import { parseReference } from "../../packages/isoline/src/canister/registry/reference.ts";
import { isInstalled } from "../support/machine.ts";

export const needsRegistry = !isInstalled("docker-registry");

export class DebianRegistry {
  readonly host: string;
  readonly #server: ChildProcess;

  private constructor(host: string, server: ChildProcess) {
    this.host = host;
    this.#server = server;
  }

  /** `place` is a folder for its configuration and its images. */
  static async start(place: string): Promise<DebianRegistry> {
    const host = `127.0.0.1:${await freePort()}`;
    const storage = { filesystem: { rootdirectory: join(place, "data") } };
    writeFileSync(join(place, "config.yml"), JSON.stringify({ version: "0.1", storage, http: { addr: host } }));
    const server = spawn("docker-registry", ["serve", join(place, "config.yml")], { stdio: "ignore" });
    for (let tries = 0; tries < 200 && !(await answers(host)); tries++) await setTimeout(50);
    return new DebianRegistry(host, server);
  }

  /** Pushes an image without layers, `NAME:TAG`; its digests, of manifest and configuration. */
  async putImage(image: string): Promise<{ readonly manifest: string; readonly config: string }> {
    const { name, target } = parseReference(`${this.host}/${image}`);
    const registry = new Registry(parseReference(`${this.host}/${image}`));
    const config = {
      ...(await registry.putBlob(Buffer.from(JSON.stringify({ os: "linux", labels: { name, target } })))),
      mediaType: "application/vnd.oci.image.config.v1+json",
    };
    const manifest = { schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config, layers: [] };
    const { descriptor } = await registry.putManifest(manifest, target);
    return { manifest: descriptor.digest, config: config.digest };
  }

  stop(): void {
    this.#server.kill();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answers(host: string): Promise<boolean> {
  return fetch(`http://${host}/v2/`).then(
    ({ ok }) => ok,
    () => false,
  );
}
