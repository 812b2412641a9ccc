/** An internet address as the kernel takes it. */
import { isIPv4, isIPv6 } from "node:net";
import { AF_INET, AF_INET6 } from "../words/sockets.ts";

/** A `struct sockaddr_in` or `sockaddr_in6`; undefined for a text that is no address. */
export function socketAddress(text: string, port: number): Buffer | undefined {
  const isFour = isIPv4(text);
  const bytes = isFour ? Buffer.from(text.split(".").map(Number)) : sixteenBytes(text);
  if (bytes === undefined) return undefined;
  const address: Buffer = Buffer.alloc(isFour ? 16 : 28);
  address.writeUInt16LE(isFour ? AF_INET : AF_INET6, 0);
  address.writeUInt16BE(port, 2);
  bytes.copy(address, isFour ? 4 : 8);
  return address;
}

function sixteenBytes(text: string): Buffer | undefined {
  if (!isIPv6(text) || text.includes("%")) return undefined;
  const [head = "", tail = ""] = withoutDots(text).split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  const bytes: Buffer = Buffer.alloc(16);
  [...before, ...zeros, ...after].forEach((group, index) => bytes.writeUInt16BE(Number.parseInt(group, 16), 2 * index));
  return bytes;
}

/** `::ffff:192.0.2.1` in hexadecimal. */
function withoutDots(text: string): string {
  return text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a, b, c, d] = parts.slice(0, 4).map(Number) as [number, number, number, number];
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
}
