/** The attributes of a TSEM event that the userspace agent hashes, in its order, and the events for which its point is undefined. */
import { cellKinds } from "./tsem-cell.ts";
import { tsemEventNames } from "./tsem-facts.ts";
import { field, type Layout, Layouts, objectAt, textAt } from "./tsem-layout.ts";
import type { TsemObject } from "./tsem-text.ts";

const inode = [
  field("flags", "u32", "file.flags"),
  field("uid", "u32", "file.inode.uid"),
  field("gid", "u32", "file.inode.gid"),
  field("mode", "mode", "file.inode.mode"),
  field("s_magic", "magic", "file.inode.s_magic"),
  field("s_id", "device", "file.inode.s_id"),
  field("s_uuid", "uuid", "file.inode.s_uuid"),
  field("type", "text", "file.path.type"),
];
const digest = field("digest", "digest", "file.digest");

const mapping = [field("prot", "u32", "prot"), field("map-flags", "u32", "flags")];
const socket = [
  field("family", "u32", "sock.family"),
  field("type", "u32", "sock.type"),
  field("protocol", "u32", "sock.protocol"),
  field("owner", "digest", "sock.owner"),
];

/** A file by name, and one that was created in the namespace: its directory and its number among its creator's files. */
const named = [...inode, field("path", "text", "file.path.pathname"), digest];
const created = [
  ...inode,
  field("directory", "directory", "file.path.pathname"),
  field("instance", "u64", "file.path.instance"),
  field("owner", "digest", "file.path.owner"),
  digest,
];

const AF_UNIX = "1";
const AF_INET = "2";
const AF_INET6 = "10";
const isUnix = (family: string) => family === AF_UNIX;
const isInet = (family: string) => family === AF_INET;
const isOther = (family: string) => ![AF_UNIX, AF_INET, AF_INET6].includes(family);
const unixAddress = [...socket, field("path", "raw", "addr.af_unix.address")];
const inetAddress = [
  ...socket,
  field("port", "port", "addr.af_inet.port"),
  field("address", "ipv4", "addr.af_inet.address"),
];
/** Defect: of the 32 bytes that stand for any other address, connect and bind hash only as many as a pointer has. */
const otherAddress = [...socket, field("address-start", "eight", "addr.af_other.address")];

const openNamed: Layout = { op: "file_open", fields: named };
const openCreated: Layout = { op: "file_open", fields: created };
const mapAnonymous: Layout = { op: "mmap_file", fields: mapping };
const mapNamed: Layout = { op: "mmap_file", fields: [...named, ...mapping] };
const mapCreated: Layout = { op: "mmap_file", fields: [...created, ...mapping] };
const createSocket: Layout = {
  op: "socket_create",
  fields: ["family", "type", "protocol", "kern"].map((name) => field(name, "u32", name)),
};
const kill: Layout = {
  op: "task_kill",
  fields: [field("cross_ns", "u32", "cross_ns"), field("sig", "u32", "sig"), field("target", "digest", "target")],
};
const acceptOther: Layout = {
  op: "socket_accept",
  fields: [...socket, field("address", "digest", "addr.af_other.address")],
  isFamily: isOther,
};
const unix = byOp((op) => ({ op, fields: unixAddress, isFamily: isUnix }));
const inet = byOp((op) => ({ op, fields: inetAddress, isFamily: isInet }));
const other = { ...byOp((op) => ({ op, fields: otherAddress, isFamily: isOther })), socket_accept: acceptOther };

type Addressed = "socket_connect" | "socket_bind" | "socket_accept";

function byOp(layout: (op: Addressed) => Layout): Readonly<Record<Addressed, Layout>> {
  return {
    socket_connect: layout("socket_connect"),
    socket_bind: layout("socket_bind"),
    socket_accept: layout("socket_accept"),
  };
}

/** Of every other event the agent hashes only the name. */
const nameOnly = new Map<string, Layout>(tsemEventNames.map((op) => [op, { op, fields: [] }]));

/** All layouts, by the names in an act. */
export const quixoteLayouts = new Layouts([
  openNamed,
  openCreated,
  mapAnonymous,
  mapNamed,
  mapCreated,
  createSocket,
  kill,
  ...Object.values(unix),
  inet.socket_connect,
  inet.socket_bind,
  ...Object.values(other),
  ...[...nameOnly.values()].filter(({ op }) => !hasAttributes(op)),
]);

/** Whether the agent hashes more of an event than its name. */
export function hasAttributes(op: string): boolean {
  return [
    "file_open",
    "mmap_file",
    "socket_create",
    "socket_connect",
    "socket_bind",
    "socket_accept",
    "task_kill",
  ].includes(op);
}

/** The layout of an exported event; a text that says why it has no point; undefined for an unknown event. */
export function layoutOf(op: string, cell: TsemObject): Layout | string | undefined {
  switch (op) {
    case "file_open":
      return isCreated(cell) ? openCreated : openNamed;
    case "mmap_file":
      if (!("file" in cell)) return mapAnonymous;
      return isCreated(cell) ? mapCreated : mapNamed;
    case "socket_create":
      return createSocket;
    case "socket_connect":
    case "socket_bind":
    case "socket_accept":
      return addressLayout(op, cell);
    case "task_kill":
      return kill;
    default:
      return nameOnly.get(op);
  }
}

function addressLayout(op: Addressed, cell: TsemObject): Layout | string {
  const family = textAt(cell, ["sock", "family"]) ?? "";
  const shown = cellKinds.u32.show(family) ?? "";
  if (shown === AF_INET6) return `quixote leaves the port of an IPv6 ${op} unset`;
  if (shown === AF_INET && op === "socket_accept") return "quixote leaves the port of an IPv4 socket_accept unset";
  return shown === AF_UNIX ? unix[op] : shown === AF_INET ? inet[op] : other[op];
}

function isCreated(cell: TsemObject): boolean {
  const path = objectAt(cell, ["file", "path"]);
  return path !== undefined && ("instance" in path || "owner" in path);
}
