/** The name servers of this machine (resolv.conf(5)). */
import { readFileSync } from "node:fs";

/** MAXNS (resolv.h): the C library takes no more. */
const MOST = 3;
const LINE = /^nameserver\s+([0-9.]+|[0-9a-fA-F:.]+)\s*$/;
/** Without a line, the C library asks this machine. */
const LOCAL = ["127.0.0.1"];

/** Their addresses, in order. One with a zone (`fe80::1%eth0`) is left out: it cannot be asked without its interface. */
export function readNameServers(path = "/etc/resolv.conf"): readonly string[] {
  try {
    return nameServersIn(readFileSync(path, "latin1"));
  } catch {
    return LOCAL;
  }
}

export function nameServersIn(text: string): readonly string[] {
  const found = text.split("\n").flatMap((line) => LINE.exec(line)?.[1] ?? []);
  return found.length === 0 ? LOCAL : found.slice(0, MOST).map((address) => address.toLowerCase());
}
