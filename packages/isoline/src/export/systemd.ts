/** A drop-in for a systemd service (systemd.exec(5), systemd.resource-control(5)). */
import { capabilityNames } from "@isoline/core/event";
import { type Exported, gaps, HELD_CAPABILITIES, WITHOUT_ACTORS } from "./format.ts";
import { placeOf, plainPath } from "./pattern.ts";
import type { Permits, Use } from "./permits.ts";
import { refusedCalls } from "./seccomp.ts";

const CHANGING: readonly Use[] = ["write", "make", "remove", "change"];
const FAMILY_NAMES: Readonly<Record<string, string>> = {
  unix: "AF_UNIX",
  inet: "AF_INET",
  inet6: "AF_INET6",
  netlink: "AF_NETLINK",
  packet: "AF_PACKET",
  vsock: "AF_VSOCK",
  alg: "AF_ALG",
  bluetooth: "AF_BLUETOOTH",
  can: "AF_CAN",
  tipc: "AF_TIPC",
  key: "AF_KEY",
  xdp: "AF_XDP",
};
/** systemd mounts these by itself, or needs them for every service. */
const KERNEL_PLACES = /^\/(?:proc|sys|dev)(?:\/|$)/;

/** Calls that systemd 257 does not know yet; it ignores their names with a warning. */
const UNKNOWN_CALLS: ReadonlySet<string> = new Set(["open_tree_attr"]);
const isKnown = (call: string) => !UNKNOWN_CALLS.has(call);

export function toSystemd(permits: Permits): Exported {
  const skipped: string[] = [];
  const settings = [
    ...[
      "# What programs may be executed or mapped, and what may be changed.",
      "ProtectSystem=strict",
      "ProtectHome=read-only",
    ],
    ...paths("NoExecPaths", ["/"]),
    ...paths("ExecPaths", executed(permits, skipped)),
    ...paths("ReadWritePaths", changed(permits, skipped)),
    "",
    "# Sockets and addresses.",
    ...networkSettings(permits),
    "",
    "# Rights and the system.",
    `CapabilityBoundingSet=${capabilityNames(permits.capabilities)
      .map((name) => `CAP_${name.toUpperCase()}`)
      .join(" ")}`,
    ...switches(permits),
    `SystemCallFilter=~${refusedCalls(permits).filter(isKnown).join(" ")}`,
    "SystemCallErrorNumber=EPERM",
    "SystemCallArchitectures=native",
  ];
  return {
    text: `[Service]\n${settings.map((line) => `${line}\n`).join("")}`,
    unsaid: [
      WITHOUT_ACTORS,
      "which files may be read: a unit can hide directories, and cannot list what stays visible",
      "which names may be made or removed in a directory that may be written",
      "ports to connect to: addresses only",
      HELD_CAPABILITIES,
      ...(skipped.length === 0 ? [] : [`paths that cannot be written in a unit: ${skipped.join(", ")}`]),
      ...gaps(permits),
    ],
  };
}

function executed({ files }: Permits, skipped: string[]): string[] {
  return placesWith(files, skipped, (file) =>
    file.uses.has("execute") || file.uses.has("map") ? (file.beyond > 0 ? placeOf(file) : file.path) : undefined,
  );
}

function changed({ files }: Permits, skipped: string[]): string[] {
  const found = placesWith(files, skipped, (file) => {
    if (!CHANGING.some((use) => file.uses.has(use)) || KERNEL_PLACES.test(file.path)) return undefined;
    return file.uses.has("make") || file.uses.has("remove") || file.beyond > 0 ? placeOf(file) : file.path;
  });
  // What lies below a writable directory is writable.
  return found.filter(
    (path) => !found.some((other) => other !== path && path.startsWith(other === "/" ? "/" : `${other}/`)),
  );
}

function placesWith(
  files: Permits["files"],
  skipped: string[],
  placeIn: (file: Permits["files"][number]) => string | undefined,
): string[] {
  const places = new Set<string>();
  for (const file of files) {
    const place = placeIn(file);
    if (place === undefined) continue;
    const plain = plainPath(place);
    if (plain === undefined) skipped.push(place);
    else places.add(plain);
  }
  return [...places].sort();
}

/** One line for each path. `-`: no error where it does not exist. */
function paths(setting: string, found: readonly string[]): string[] {
  return found.map((path) => `${setting}=${path === "/" ? path : `-${escaped(path)}`}`);
}

/** `%` begins a specifier, and a space ends a path (systemd.syntax(7)). */
function escaped(path: string): string {
  const plain = path.replaceAll("%", "%%").replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return /[\s'"]/.test(path) ? `"${plain}"` : plain;
}

function networkSettings({ sockets, endpoints }: Permits): string[] {
  const families = [...new Set(sockets.map(({ family }) => FAMILY_NAMES[family]))]
    .filter((name) => name !== undefined)
    .sort();
  const restricted = `RestrictAddressFamilies=${families.length === 0 ? "none" : families.join(" ")}`;
  const internet = endpoints.filter(({ family }) => family === "inet" || family === "inet6");
  if (internet.length === 0) return [restricted, "IPAddressDeny=any"];
  const reached = [...new Set(internet.map(({ address }) => hostOf(address)))];
  // An address that is only a name, or any address, cannot be listed.
  const named = reached.filter((host) => host !== undefined).sort();
  if (named.length < reached.length) return [restricted];
  return [restricted, "IPAddressDeny=any", `IPAddressAllow=${named.join(" ")}`, ...bindSettings(internet)];
}

function bindSettings(endpoints: Permits["endpoints"]): string[] {
  const ports = endpoints
    .filter(({ op }) => op === "bind")
    .map(({ address }) => address.slice(address.lastIndexOf(":") + 1));
  if (ports.some((port) => !/^[1-9]\d*$/.test(port))) return [];
  return ["SocketBindDeny=any", ...[...new Set(ports)].sort().map((port) => `SocketBindAllow=${port}`)];
}

/** The address without its port, where it is one that a unit can name. */
function hostOf(address: string): string | undefined {
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
  if (host === "0.0.0.0" || host === "::") return undefined;
  return /^[\d.]+$/.test(host) || /^[0-9a-f:]+$/.test(host) ? host : undefined;
}

/** Settings that forbid what no point has. */
function switches({ operations }: Permits): string[] {
  const none = (...names: Permits["operations"] extends ReadonlySet<infer O> ? O[] : never) =>
    !names.some((name) => operations.has(name));
  return [
    ...(none("namespace") ? ["RestrictNamespaces=yes"] : []),
    ...(none("module") ? ["ProtectKernelModules=yes"] : []),
    ...(none("settime") ? ["ProtectClock=yes"] : []),
    ...(none("hostname") ? ["ProtectHostname=yes"] : []),
    ...(none("map-anonymous", "protect") ? ["MemoryDenyWriteExecute=yes"] : []),
    ...(none("setid", "capset") ? ["NoNewPrivileges=yes"] : []),
  ];
}
