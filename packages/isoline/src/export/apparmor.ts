/** An AppArmor profile (apparmor.d(5), ABI 4.0): one profile for the whole process tree, which each program inherits. */
import { capabilityNames } from "@isoline/core/event";
import { type Exported, gaps, HELD_CAPABILITIES, WITHOUT_ACTORS } from "./format.ts";
import { plainPath, wildcards } from "./pattern.ts";
import type { FilePermit, Permits, Use } from "./permits.ts";

/** Rights by use. `ix`: the program runs under the same profile. */
const rights: Readonly<Record<Use, string>> = {
  read: "r",
  list: "r",
  write: "w",
  make: "w",
  remove: "w",
  change: "w",
  map: "m",
  execute: "rix",
};
const RIGHTS_IN_ORDER = ["r", "w", "m", "l", "ix"] as const;
/** Families and types as apparmor.d(5) names them. */
const FAMILIES = new Set([
  "unix",
  "inet",
  "inet6",
  "netlink",
  "packet",
  "vsock",
  "alg",
  "bluetooth",
  "can",
  "tipc",
  "key",
  "xdp",
]);
const TYPES = new Set(["stream", "dgram", "seqpacket", "raw", "rdm", "packet"]);
/**
 * What a service is given as its standard streams is often a socket: of the journal, of a supervisor. To use one that exists is no act on a
 * contour; to make, bind or connect one is, and is not in this rule.
 */
const INHERITED_STREAMS = "unix (send, receive) type=stream,";
const ALL_CAPABILITIES = (1n << 41n) - 1n;

export function toAppArmor(permits: Permits, name: string): Exported {
  const skipped: string[] = [];
  const lines = [
    ...capabilityLines(permits.capabilities),
    ...networkLines(permits),
    INHERITED_STREAMS,
    ...(permits.operations.has("kill") ? ["signal,"] : ["signal (receive),"]),
    ...(permits.operations.has("ptrace") || permits.operations.has("vm") ? ["ptrace,"] : []),
    ...(permits.operations.has("mount") ? ["mount,"] : []),
    ...(permits.operations.has("umount") ? ["umount,"] : []),
    ...(permits.operations.has("pivot") ? ["pivot_root,"] : []),
    ...permits.files.flatMap((file) => fileLine(file, skipped)),
  ];
  return {
    text: `abi <abi/4.0>,\n\nprofile ${quoted(name)} {\n${lines.map((line) => `  ${line}\n`).join("")}}\n`,
    unsaid: [
      WITHOUT_ACTORS,
      "addresses and ports: a network rule names a family and a type",
      HELD_CAPABILITIES,
      "which sockets that exist already are used: a stream of the Unix family that the program was given may be read and written",
      "the targets of signals, ptrace and mounts",
      "mode, owner and times apart from content: a right to write permits to change them",
      ...(skipped.length === 0 ? [] : [`files whose names cannot be written in a profile: ${skipped.join(", ")}`]),
      ...gaps(permits),
    ],
  };
}

function capabilityLines(mask: bigint): string[] {
  if ((mask & ALL_CAPABILITIES) === ALL_CAPABILITIES) return ["capability,"];
  return capabilityNames(mask).map((name) => `capability ${name},`);
}

function networkLines({ sockets }: Permits): string[] {
  return sockets
    .filter(({ family, type }) => FAMILIES.has(family) && TYPES.has(type))
    .map(({ family, type }) =>
      family === "unix"
        ? `unix (create, send, receive, connect, bind, listen, accept) type=${type},`
        : `network ${family} ${type},`,
    );
}

function fileLine({ path, beyond, uses }: FilePermit, skipped: string[]): string[] {
  const plain = plainPath(path);
  if (plain === undefined) {
    skipped.push(path);
    return [];
  }
  const words = new Set([...uses].flatMap((use) => (use === "execute" ? ["r", "ix"] : [rights[use]])));
  const access = RIGHTS_IN_ORDER.filter((right) => words.has(right)).join("");
  const place = wildcards(literal(plain), beyond);
  return isDirectory(uses)
    ? [
        `${quoted(`${place === "/" ? "" : place}/`)} ${access},`,
        ...(uses.size > 1 ? [`${quoted(place)} ${access},`] : []),
      ]
    : [`${quoted(place)} ${access},`];
}

/** A directory's path ends in a slash in a profile. */
const isDirectory = (uses: ReadonlySet<Use>) => uses.has("list");

/** Characters that stand for themselves only with a backslash before them. */
function literal(path: string): string {
  return path.replace(/[\\*?[\]{}^"]/g, "\\$&");
}

function quoted(text: string): string {
  return /^[\w./@+-]+$/.test(text) ? text : `"${text}"`;
}
