/**
 * The names of hosts that were looked up, and the addresses to which they led.
 *
 * Several names may lead to one address. Only an answer to a name that was allowed comes in here, so a name can only add
 * itself: an attacker's zone that points at the address of another host adds the attacker's name there, and no other.
 *
 * A program may use an address long after it was told it: an entry lasts ten minutes at least, whatever the answer says.
 */
const FLOOR_SECONDS = 600;
const CEILING_SECONDS = 86_400;
const MOST_ADDRESSES = 16_384;
const MOST_NAMES = 64;
const MOST_ASKERS = 32;

interface Entry {
  until: number;
  /** When it was found last, counted up. */
  order: number;
  /** The same for each process that asked, by handle. */
  readonly askers: Map<number, number>;
}

export class HostTable {
  /** Addresses of the name servers that the machine is configured with, as they were at the start. */
  readonly servers: readonly string[];
  readonly #names = new Map<string, Map<string, Entry>>();
  readonly #servers: ReadonlySet<string>;
  readonly #now: () => number;
  #order = 0;

  /** `now`: seconds that only increase. */
  constructor(servers: readonly string[], now: () => number = () => performance.now() / 1000) {
    this.servers = servers;
    this.#servers = new Set(servers.map(plain));
    this.#now = now;
  }

  /** Whether an address is that of a name server of the machine. */
  isServer(address: string): boolean {
    return this.#servers.has(plain(address));
  }

  /** A name led to an address, for as many seconds; the process that asked, if one did. */
  add(name: string, address: string, seconds: number, process?: number): void {
    const key = plain(address);
    const names = this.#names.get(key) ?? new Map<string, Entry>();
    const until = this.#now() + Math.min(Math.max(seconds, FLOOR_SECONDS), CEILING_SECONDS);
    const order = ++this.#order;
    const entry = names.get(name) ?? { until, order, askers: new Map<number, number>() };
    entry.until = Math.max(entry.until, until);
    entry.order = order;
    if (process !== undefined) renew(entry.askers, process, order, MOST_ASKERS);
    renew(names, name, entry, MOST_NAMES);
    renew(this.#names, key, names, MOST_ADDRESSES);
  }

  /** The names of an address: those that this process asked for, the latest first, then those that others did. */
  namesOf(address: string, process: number): readonly string[] {
    const names = this.#names.get(plain(address));
    if (names === undefined) return [];
    const now = this.#now();
    for (const [name, { until }] of names) if (until < now) names.delete(name);
    const rank = ({ askers, order }: Entry) => (askers.has(process) ? this.#order + (askers.get(process) ?? 0) : order);
    return [...names].sort(([, one], [, other]) => rank(other) - rank(one)).map(([name]) => name);
  }
}

/** Sets a value as the latest, and drops the oldest where there are too many. */
function renew<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value as K);
}

/** An IPv4 address that is written as one of IPv6 (`::ffff:c633:6407`) is the same host. */
function plain(address: string): string {
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
  if (!mapped) return address;
  const [high, low] = [Number.parseInt(mapped[1] as string, 16), Number.parseInt(mapped[2] as string, 16)];
  return `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`;
}
