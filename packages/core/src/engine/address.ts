/** Addresses of sockets as contours show them: `127.0.0.1:80`, `[::1]:80`, `/run/x.sock`, `registry.example:443`. */
import type { Event } from "../event/event.ts";

/** An IP address as a number. IPv4 within IPv6 (`::ffff:a.b.c.d`) is IPv4. */
export interface Ip {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** `10.0.0.0/8`: addresses whose first `length` bits are those of `ip`. */
export interface Network {
  readonly ip: Ip;
  readonly length: number;
}

export interface HostAndPort {
  readonly host: string;
  /** Digits, or a word of the lens such as `$ephemeral`; empty for an address without a port. */
  readonly port: string;
  /** Undefined for a name and for an address of another family. */
  readonly ip: Ip | undefined;
}

const NAMED_OR_V4 = /^([^/@[\]:]+):([0-9]+|\$[a-z]+)$/;
const V6 = /^\[([0-9a-fA-F:.]+)\]:([0-9]+|\$[a-z]+)$/;

export function hostAndPort(address: string): HostAndPort {
  const [, host = address, port = ""] = V6.exec(address) ?? NAMED_OR_V4.exec(address) ?? [];
  return { host, port, ip: parseIp(host) };
}

/** An IPv4 or IPv6 address without port and brackets. */
function parseIp(text: string): Ip | undefined {
  const v4 = parseV4(text);
  if (v4 !== undefined) return { bits: 32, value: v4 };
  if (!text.includes(":") || text.length > 45) return undefined;
  const value = parseV6(text);
  if (value === undefined) return undefined;
  return value >> 32n === 0xffffn ? { bits: 32, value: value & 0xffff_ffffn } : { bits: 128, value };
}

/** `10.0.0.0/8`, `fd00::/8`. */
export function parseNetwork(text: string): Network | undefined {
  const [, address = "", digits = ""] = /^([0-9a-fA-F:.]+)\/(\d{1,3})$/.exec(text) ?? [];
  const ip = parseIp(address);
  const length = Number(digits);
  return ip === undefined || length > ip.bits ? undefined : { ip, length };
}

export function isWithin(ip: Ip, { ip: network, length }: Network): boolean {
  const rest = BigInt(network.bits - length);
  return ip.bits === network.bits && ip.value >> rest === network.value >> rest;
}

const LOOPBACK = [parseNetwork("127.0.0.0/8"), parseNetwork("::1/128")] as readonly Network[];

/**
 * Where the other end of a socket operation is. `0.0.0.0` and `::` lead to this machine for the side that connects, and stand for
 * all of its addresses for the side that listens. What cannot be read as an address of this machine counts as outside.
 */
export function reachOf(event: Event): "outside" | "loopback" | "machine" | undefined {
  if (!("address" in event.subject)) return undefined;
  const { family, address } = event.subject;
  if (family === "unix" || family === "netlink" || family === "alg") return "machine";
  const { ip } = hostAndPort(address);
  if (ip === undefined) return "outside";
  if (ip.value === 0n) return event.op === "connect" || event.op === "send" ? "loopback" : "outside";
  return LOOPBACK.some((network) => isWithin(ip, network)) ? "loopback" : "outside";
}

function parseV4(text: string): bigint | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((value, part) => value * 256n + BigInt(part), 0n);
}

function parseV6(text: string): bigint | undefined {
  const tail = text.slice(text.lastIndexOf(":") + 1);
  const v4 = tail.includes(".") ? parseV4(tail) : undefined;
  if (tail.includes(".") && v4 === undefined) return undefined;
  const hex =
    v4 === undefined
      ? text
      : `${text.slice(0, text.length - tail.length)}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`;
  const halves = hex.split("::");
  if (halves.length > 2) return undefined;
  const [before = [], after] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const zeros = after === undefined ? 0 : 8 - before.length - after.length;
  if (after === undefined ? before.length !== 8 : zeros < 1) return undefined;
  const groups = [...before, ...Array.from({ length: zeros }, () => "0"), ...(after ?? [])];
  if (groups.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}
