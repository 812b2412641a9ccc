/** The directories of this host that belong to one container, for the lens. */
import { realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { escapeText } from "@isoline/core/event";
import type { Launch } from "@isoline/core/identity";
import { callFiles } from "../control/protocol.ts";
import type { Bundle } from "./bundle.ts";
import { containerOf, type RuncCall } from "./command-line.ts";

/** net/ipv4/af_inet.c: the initial value of a new network namespace, whatever the host's is. */
const EPHEMERAL_PORTS = [32768, 60999] as const;
const NOBODY = -1;

/** `root` is the runtime's state directory. */
export function canisterPlaces(call: RuncCall, root: string, { directory, rootfs, sources, ids }: Bundle): Launch {
  const id = containerOf(call);
  const directories = [
    { path: rootfs, token: "$ROOTFS" },
    { path: directory, token: "$BUNDLE" },
    { path: canonical(root), token: "$STATE" },
    ...sources.flatMap((source) => enginesOwn(canonical(source), id)),
  ].map(({ path, token }) => ({ path: escapeText(path), token }));
  const files = filesOf(call).map(([what, path]) => ({ path, token: callFiles[what] as string }));
  return {
    // In an image, directories have fixed paths: none lies elsewhere on another host.
    cwd: "",
    home: "",
    temp: ["/tmp", "/var/tmp"],
    uid: NOBODY,
    gid: NOBODY,
    ephemeralPorts: EPHEMERAL_PORTS,
    canister: { id: escapeText(id), directories: [...directories, ...files], ids },
  };
}

/**
 * Files that the engine gives one call of the runtime under names of its choice, by purpose. A pid file is written under
 * another name first, `.NAME` beside it (runc, utils_linux.go: createPidFile).
 */
export function filesOf({ options }: Pick<RuncCall, "options">): (readonly [what: string, path: string])[] {
  return ["process", "pid-file", "console-socket"].flatMap((what): (readonly [string, string])[] => {
    const given = options.get(what);
    if (given === undefined) return [];
    const path = inCanonicalDirectory(resolve(given));
    const own = [what, escapeText(path)] as const;
    if (what !== "pid-file") return [own];
    return [own, [`new-${what}`, escapeText(join(dirname(path), `.${basename(path)}`))]];
  });
}

/** The file itself need not exist. */
function inCanonicalDirectory(path: string): string {
  return join(canonical(dirname(path)), basename(path));
}

/** The directory, named after the container, with the files that the engine binds into it. A user's bind mounts have their own names. */
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
