/** Where this host keeps what belongs to one container, for the lens. */
import { realpathSync } from "node:fs";
import { escapeText, type Launch } from "@isoline/core";
import type { Bundle } from "./bundle.ts";

/** net/ipv4/af_inet.c: what a new network namespace starts with, whatever the host has. */
const EPHEMERAL_PORTS = [32768, 60999] as const;
const NOBODY = -1;

/** `root` is the directory in which the runtime keeps its state. */
export function canisterPlaces(id: string, root: string, { directory, rootfs, sources, ids }: Bundle): Launch {
  const directories = [
    { path: rootfs, token: "$ROOTFS" },
    { path: directory, token: "$BUNDLE" },
    { path: canonical(root), token: "$STATE" },
    ...sources.flatMap((source) => enginesOwn(canonical(source), id)),
  ].map(({ path, token }) => ({ path: escapeText(path), token }));
  return {
    // In an image, directories are where they are: nothing in it is elsewhere on another host.
    cwd: "",
    home: "",
    temp: ["/tmp", "/var/tmp"],
    uid: NOBODY,
    gid: NOBODY,
    ephemeralPorts: EPHEMERAL_PORTS,
    canister: { id: escapeText(id), directories, ids },
  };
}

/** The directory, named after the container, in which the engine keeps files that it binds into it. What a user binds has its own name. */
function enginesOwn(source: string, id: string): { path: string; token: string }[] {
  const parts = source.split("/");
  const at = parts.indexOf(id);
  return at < 0 ? [] : [{ path: parts.slice(0, at + 1).join("/"), token: "$ENGINE" }];
}

function canonical(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
