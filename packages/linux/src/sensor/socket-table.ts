/**
 * The sockets of a network as the kernel lists them: which sockets listen at an address of this machine, by inode.
 *
 * The supervisor asks by sock_diag about its own network, and reads the tables in /proc/net of others, and where it cannot ask:
 *
 *   tcp, udp    sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …   (proc_net_tcp.rst)
 *   unix        Num RefCount Protocol Flags Type St Inode Path      (net/unix/af_unix.c, unix_seq_show)
 */
import { closeSync, openSync, readSync } from "node:fs";
import { unescapeToBytes } from "@isoline/core/event";
import { AF_INET, AF_INET6, type ListedSocket, socketsAt } from "../abi/sock-diag.ts";

/** The directory of the supervisor's own network. */
export const OWN_NETWORK = "/proc/self/net";
/** include/net/tcp_states.h */
const LISTEN = "0A";
const FIELDS = { local: 1, state: 3, inode: 9 } as const;
/** `Num: RefCount Protocol Flags Type St Inode Path`; the path may hold blanks. */
const UNIX_LINE = /^[^ ]+: [^ ]+ [^ ]+ [^ ]+ ([^ ]+) ([^ ]+) +(\d+) ([^\n]*)$/;
/** A socket of a kind that is connected to (SOCK_STREAM, SOCK_SEQPACKET) and stands in a connection (SS_CONNECTED, linux/net.h). */
const CONNECTED = { types: new Set(["0001", "0005"]), state: "03" } as const;
const protocols: Readonly<Record<string, "tcp" | "udp">> = { stream: "tcp", dgram: "udp" };
/** Addresses in network byte order, in hexadecimal digits. */
const ANY_V4 = "00000000";
const ANY_V6 = "0".repeat(32);
/** ::ffff:0:0/96 */
const MAPPED = "00000000000000000000ffff";
/** Of a longer table nothing is known: a workload may open hundreds of thousands of sockets, and each question reads it anew. */
const MOST_BYTES = 8 * 1024 * 1024;
const PIECE_BYTES = 64 * 1024;
const LOOPBACK_V6 = "00000000000000000000000000000001";

/**
 * Inodes of the sockets that may answer a stream or datagram to this host and port; undefined if the tables cannot be read or are too
 * long. A socket bound to this address takes precedence over one bound to all addresses, so the caller must consider both.
 */
export function answeringAt(
  directory: string,
  type: string,
  host: string,
  port: number,
): readonly number[] | undefined {
  const protocol = protocols[type];
  const places = protocol && placesOf(host);
  if (!places) return undefined;
  const sockets = (directory === OWN_NETWORK ? asked(protocol, port) : undefined) ?? listed(directory, protocol, port);
  return sockets?.filter(({ local }) => places.has(local)).map(({ inode }) => inode);
}

function asked(protocol: "tcp" | "udp", port: number): readonly ListedSocket[] | undefined {
  const v4 = socketsAt(protocol, AF_INET, port);
  // A kernel without IPv6 is asked by its tables.
  const v6 = v4 && socketsAt(protocol, AF_INET6, port);
  return v6 && [...v4, ...v6];
}

function listed(directory: string, protocol: "tcp" | "udp", port: number): readonly ListedSocket[] | undefined {
  const v4 = linesOf(`${directory}/${protocol}`);
  if (v4 === undefined) return undefined;
  // Without IPv6 this table does not exist.
  const v6 = linesOf(`${directory}/${protocol}6`, []);
  if (v6 === undefined) return undefined;
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const found: ListedSocket[] = [];
  for (const line of [...v4, ...v6]) {
    if (!line.includes(suffix)) continue;
    const fields = line.trim().split(/\s+/);
    const local = fields[FIELDS.local] ?? "";
    if (!local.endsWith(suffix) || (protocol === "tcp" && fields[FIELDS.state] !== LISTEN)) continue;
    found.push({ local: inNetworkOrder(local.slice(0, -suffix.length)), inode: Number(fields[FIELDS.inode]) });
  }
  return found;
}

/** The tables write addresses as words in the machine's byte order. */
function inNetworkOrder(address: string): string {
  const bytes = Buffer.from(address, "hex");
  return (bytes.length % 4 === 0 ? bytes.swap32() : bytes).toString("hex");
}

/**
 * Inodes of the abstract Unix sockets with a name (`@name`, escaped) that may be reached by it, and of those with a NUL where the name
 * has an at sign, because the table writes both alike. Undefined if the table cannot be read, is too long, or is not by line. The ends
 * of connections that a server accepted have its name, and are not reached by it.
 */
export function abstractlyNamed(directory: string, name: string): readonly number[] | undefined {
  const shown = unescapeToBytes(name).toString("latin1").replaceAll("\0", "@");
  const lines = shown.includes("\n") ? undefined : linesOf(`${directory}/unix`);
  return lines?.flatMap((line) => {
    if (!line.endsWith(shown)) return [];
    const [, type = "", state, inode, path] = UNIX_LINE.exec(line) ?? [];
    const isConnected = CONNECTED.types.has(type) && state === CONNECTED.state;
    return path === shown && !isConnected ? [Number(inode)] : [];
  });
}

/** Local addresses that receive what is sent to a host. */
function placesOf(host: string): ReadonlySet<string> | undefined {
  const mapped = /^(?:\[::ffff:)?(\d{1,3}(?:\.\d{1,3}){3})\]?$/.exec(host)?.[1];
  if (mapped !== undefined) {
    const meant = mapped === "0.0.0.0" ? "127.0.0.1" : mapped;
    const word = Buffer.from(meant.split(".").map(Number)).toString("hex");
    return new Set([word, ANY_V4, MAPPED + word, ANY_V6]);
  }
  return host === "[::1]" || host === "[::]" ? new Set([LOOPBACK_V6, ANY_V6]) : undefined;
}

/** Without the header line; undefined if it is too long. */
function linesOf(path: string, missing?: readonly string[]): readonly string[] | undefined {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    return missing;
  }
  try {
    return textOf(fd)?.split("\n").slice(1);
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

function textOf(fd: number): string | undefined {
  const pieces: string[] = [];
  const piece: Buffer = Buffer.alloc(PIECE_BYTES);
  for (let all = 0; all <= MOST_BYTES; ) {
    const length = readSync(fd, piece);
    if (length === 0) return pieces.join("");
    pieces.push(piece.toString("latin1", 0, length));
    all += length;
  }
  return undefined;
}
