/** Sockets in the usual notation: family, type, address. */
import { escapeBytes } from "@isoline/core/event";

/** linux/socket.h */
export const AF_UNSPEC = 0;
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;

const families: Readonly<Record<number, string>> = {
  0: "unspec",
  1: "unix",
  2: "inet",
  10: "inet6",
  15: "key",
  16: "netlink",
  17: "packet",
  29: "can",
  30: "tipc",
  31: "bluetooth",
  38: "alg",
  40: "vsock",
  44: "xdp",
};
const types: Readonly<Record<number, string>> = {
  1: "stream",
  2: "dgram",
  3: "raw",
  4: "rdm",
  5: "seqpacket",
  6: "dccp",
  10: "packet",
};
const SOCK_TYPE_MASK = 0xf;

export function familyName(family: number): string {
  return families[family] ?? `family-${family}`;
}

export function typeName(type: number): string {
  return types[type & SOCK_TYPE_MASK] ?? `type-${type & SOCK_TYPE_MASK}`;
}

/** A family or an address in a network that is not the launch's, with the maker of that network; "" for the launch's. */
export function inNetwork(text: string, maker: string): string {
  return maker === "" ? text : `?net:${maker}/${text}`;
}

/** A `struct sockaddr`, decoded. `path` is a file-system address still to be resolved. */
export interface Address {
  readonly family: number;
  readonly text: string;
  readonly port?: number;
  readonly path?: Buffer;
}

/**
 * The meaning of an address for a socket of this family. Many families never look at the one in an address (packet, alg; raw sockets of
 * IPv4 when they are bound): it is their own, whatever stands there. A socket of IPv6 takes one of IPv4 as such. AF_UNSPEC is as it is.
 */
export function addressOf(family: number, bytes: Buffer): Address | undefined {
  const stands = bytes.length < 2 ? family : bytes.readUInt16LE(0);
  const isSo = stands === family || stands === AF_UNSPEC || (family === AF_INET6 && stands === AF_INET);
  return family === AF_UNIX || isSo ? parseAddress(bytes, bytes.length) : addressMeant(family, bytes);
}

/** The same bytes as an address of this family. */
export function addressMeant(family: number, bytes: Buffer): Address | undefined {
  const meant = Buffer.from(bytes);
  meant.writeUInt16LE(family, 0);
  return parseAddress(meant, meant.length);
}

/** Reads a `struct sockaddr` of `length` bytes; undefined if it is too short (the kernel refuses it then). */
export function parseAddress(bytes: Buffer, length: number): Address | undefined {
  if (length < 2) return undefined;
  const family = bytes.readUInt16LE(0);
  switch (family) {
    case AF_INET: {
      if (length < 8) return undefined;
      const port = bytes.readUInt16BE(2);
      return { family, text: `${bytes[4]}.${bytes[5]}.${bytes[6]}.${bytes[7]}:${port}`, port };
    }
    case AF_INET6: {
      if (length < 24) return undefined;
      const port = bytes.readUInt16BE(2);
      return { family, text: `[${ipv6(bytes.subarray(8, 24))}]:${port}`, port };
    }
    case AF_UNIX:
      return unixAddress(bytes.subarray(2, length));
    case AF_NETLINK: {
      if (length < 12) return undefined;
      // nl_pid 0 is the kernel; any other number is a port that the kernel or the task chose.
      return {
        family,
        text: `${bytes.readUInt32LE(4) === 0 ? "kernel" : "peer"}:${bytes.readUInt32LE(8).toString(16)}`,
      };
    }
    default:
      return { family, text: bytes.subarray(2, length).toString("hex") };
  }
}

function unixAddress(path: Buffer): Address {
  if (path.length === 0) return { family: AF_UNIX, text: "unnamed" };
  if (path[0] === 0) return { family: AF_UNIX, text: `@${escapeBytes(path.subarray(1))}` };
  const end = path.indexOf(0);
  const bytes = Buffer.from(end < 0 ? path : path.subarray(0, end));
  return { family: AF_UNIX, text: escapeBytes(bytes), path: bytes };
}

/** The address that an IPv4 socket assumes for one without a family (net/ipv4/udp.c, udp_sendmsg): undefined if it is too short. */
export function unspecifiedAsInet(address: Address): Address | undefined {
  const bytes = Buffer.concat([Buffer.of(AF_INET, 0), Buffer.from(address.text, "hex")]);
  return parseAddress(bytes, bytes.length);
}

/** The address of a host, of 4 or 16 bytes, as events have it, without brackets. */
export function hostText(bytes: Uint8Array): string {
  return bytes.length === 4 ? bytes.join(".") : ipv6(Buffer.from(bytes));
}

/** RFC 5952 text of 16 bytes: lower case, the longest run of zero groups (of two or more, the first if equal) as `::`. */
function ipv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2));
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (best.length < 2) return text(groups);
  return `${text(groups.slice(0, best.start))}::${text(groups.slice(best.start + best.length))}`;
}
