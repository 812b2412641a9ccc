/** Which strangers count as one. */
import { isIPv6 } from "node:net";

/** IPv4 within IPv6 (RFC 4291, 2.5.5.2). */
const MAPPED = "::ffff:";
const GROUPS = 8;
/** What one customer has at the least: 64 bits (RFC 6177, 2). */
const GROUPS_OF_NETWORK = 4;

/** The address that is counted: of IPv6 the network, since one machine may have all of its addresses. Anything else as it is. */
export function callerPlace(address: string): string {
  if (!isIPv6(address) || address.toLowerCase().startsWith(MAPPED)) return address;
  const [before = [], after = []] = address.split("::").map((part) => (part === "" ? [] : part.split(":")));
  const zeros = Array.from({ length: Math.max(0, GROUPS - before.length - after.length) }, () => "0");
  const network = [...before, ...zeros, ...after].slice(0, GROUPS_OF_NETWORK);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}
