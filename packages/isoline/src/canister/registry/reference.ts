/**
 * Names of images in registries: `HOST[:PORT]/NAME[:TAG][@DIGEST]` (distribution-spec, "Pulling manifests").
 *
 * The host is required: how an engine completes `web:1` depends on its own configuration.
 */
import { isLoopback } from "@isoline/core/loopback";
import { CliError } from "../../error.ts";

export interface Reference {
  /** `https://host`; plain http only on this machine. As a URL has it: in small letters, without the port that goes without saying. */
  readonly origin: string;
  /** As it was written: podman and docker keep credentials under that. */
  readonly host: string;
  readonly name: string;
  /** Tag or digest. */
  readonly target: string;
}

const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const HOST = /^(?:[a-zA-Z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;
export const DIGEST = /^sha256:[0-9a-f]{64}$/;

export function parseReference(text: string): Reference {
  const slash = text.indexOf("/");
  const host = text.slice(0, Math.max(slash, 0));
  const rest = text.slice(slash + 1);
  const isHost = HOST.test(host) && (/[.:]/.test(host) || host === "localhost");
  const [named = "", digest] = rest.split("@", 2);
  const colon = named.lastIndexOf(":");
  const name = colon < 0 ? named : named.slice(0, colon);
  const tag = colon < 0 ? "latest" : named.slice(colon + 1);
  const isTarget = digest === undefined ? TAG.test(tag) : DIGEST.test(digest);
  const origin = isHost ? originOf(host) : undefined;
  if (origin === undefined || !NAME.test(name) || name.length > 255 || !isTarget)
    throw new CliError(
      "usage",
      `expected an image in a registry, as registry.example/web:1 or localhost:5000/web@sha256:…, got ${JSON.stringify(text.slice(0, 120))}`,
    );
  return { origin, host, name, target: digest ?? tag };
}

/** Undefined where no URL has such a host. */
function originOf(host: string): string | undefined {
  if (!URL.canParse(`http://${host}`)) return undefined;
  const plain = new URL(`http://${host}`);
  return isLoopback(plain.hostname) ? plain.origin : new URL(`https://${host}`).origin;
}
