/** `outside`, `loopback`, `private`, `10.0.0.0/8`, `203.0.113.7:443`, `*.example:443`. */
import type { Event } from "../../event/event.ts";
import { hostAndPort, isWithin, type Network, parseNetwork, reachOf } from "../address.ts";
import { textPattern } from "./text-pattern.ts";

type AddressTest = (event: Event, address: string) => boolean;

/** RFC 1918, RFC 4193, RFC 3927, RFC 4291 (link-local), RFC 6598. */
const PRIVATE = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "169.254.0.0/16",
  "100.64.0.0/10",
  "fc00::/7",
  "fe80::/10",
].map(parseNetwork) as readonly Network[];

export function addressPattern(pattern: string): AddressTest | { readonly problem: string } {
  switch (pattern) {
    case "outside":
    case "loopback":
    case "machine":
      return (event) => reachOf(event) === pattern;
    case "private":
      return isIn(PRIVATE);
    default:
      break;
  }
  const network = parseNetwork(pattern);
  if (network !== undefined) return isIn([network]);
  if (/\/\d+$/.test(pattern) && !pattern.startsWith("/") && !pattern.startsWith("$") && !pattern.startsWith("@"))
    return { problem: "a network such as 10.0.0.0/8 or fd00::/8" };
  const test = textPattern(pattern);
  if (typeof test !== "function") return test;
  return (_, address) => test(address) || test(hostAndPort(address).host);
}

/** A name in place of an address may lead anywhere, so it lies in every network. */
function isIn(networks: readonly Network[]): AddressTest {
  return (event, address) => {
    const { ip } = hostAndPort(address);
    if (ip === undefined) return reachOf(event) === "outside";
    return networks.some((network) => isWithin(ip, network));
  };
}
