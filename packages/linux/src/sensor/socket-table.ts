/**
 * The sockets of a network as the kernel lists them in /proc/net: which sockets listen at an address of this machine, by inode.
 *
 *   tcp, udp    sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …   (proc_net_tcp.rst)
 *   unix        Num RefCount Protocol Flags Type St Inode Path
 */
import { readFileSync } from "node:fs";

/** include/net/tcp_states.h */
const LISTEN = "0A";
const FIELDS = { local: 1, state: 3, inode: 9 } as const;
const UNIX_FIELDS = { inode: 6, path: 7 } as const;
const tables: Readonly<Record<string, readonly [v4: string, v6: string]>> = {
  stream: ["tcp", "tcp6"],
  dgram: ["udp", "udp6"],
};
const ANY_V4 = "00000000";
const ANY_V6 = "0".repeat(32);
/** ::ffff:0:0/96, in words of the machine's byte order. */
const MAPPED = "0000000000000000FFFF0000";
const LOOPBACK_V6 = "00000000000000000000000001000000";

/**
 * Inodes of the sockets that may answer a stream or datagram to this host and port; undefined if the tables cannot be read. A
 * socket bound to this address takes precedence over one bound to all addresses, so the caller must consider both.
 */
export function answeringAt(
  directory: string,
  type: string,
  host: string,
  port: number,
): readonly number[] | undefined {
  const names = tables[type];
  const places = names && placesOf(host);
  if (!places) return undefined;
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const found: number[] = [];
  for (const name of names) {
    const lines = linesOf(`${directory}/${name}`);
    // Without IPv6 this table does not exist.
    if (lines === undefined && name === names[0]) return undefined;
    for (const line of lines ?? []) {
      const fields = line.trim().split(/\s+/);
      const local = fields[FIELDS.local] ?? "";
      if (!local.endsWith(suffix) || !places.has(local.slice(0, -suffix.length))) continue;
      if (type === "dgram" || fields[FIELDS.state] === LISTEN) found.push(Number(fields[FIELDS.inode]));
    }
  }
  return found;
}

/** Inodes of the abstract Unix sockets with a name (`@name`); undefined if the table cannot be read. */
export function abstractlyNamed(directory: string, name: string): readonly number[] | undefined {
  const lines = linesOf(`${directory}/unix`);
  return lines
    ?.map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[UNIX_FIELDS.path] === name)
    .map((fields) => Number(fields[UNIX_FIELDS.inode]));
}

/** Local addresses that receive what is sent to a host, as the tables write them: words in the machine's byte order. */
function placesOf(host: string): ReadonlySet<string> | undefined {
  const mapped = /^(?:\[::ffff:)?(\d{1,3}(?:\.\d{1,3}){3})\]?$/.exec(host)?.[1];
  if (mapped !== undefined) {
    const meant = mapped === "0.0.0.0" ? "127.0.0.1" : mapped;
    const word = Buffer.from(meant.split(".").map(Number)).reverse().toString("hex").toUpperCase();
    return new Set([word, ANY_V4, MAPPED + word, ANY_V6]);
  }
  return host === "[::1]" || host === "[::]" ? new Set([LOOPBACK_V6, ANY_V6]) : undefined;
}

/** Without the header line. */
function linesOf(path: string): readonly string[] | undefined {
  try {
    return readFileSync(path, "latin1").split("\n").slice(1);
  } catch {
    return undefined;
  }
}
