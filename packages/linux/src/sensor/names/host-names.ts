/** What is known of hosts by name in one namespace: the table of addresses, lookups under way, the names on the contour. */
import type { Contour } from "@isoline/core/contour";
import type { Event } from "@isoline/core/event";
import { hostAndPort, localPort, RESOLVER } from "@isoline/core/identity";
import { HostTable } from "./host-table.ts";
import { HostsOnContour } from "./hosts-on-contour.ts";
import { readNameServers } from "./name-servers.ts";
import type { FoundHost } from "./nscd.ts";

const DNS_PORT = 53;
/** Lookups that may be under way at once. */
const MOST_LOOKUPS = 256;

/** The outcome of a lookup of this machine: undefined if there was no answer. */
export type HostLookup = FoundHost | "no-such-host" | undefined;

export class HostNames {
  readonly table = new HostTable(readNameServers());
  /** Looks a host up in another thread; what it found comes back by `lookedUp`. */
  onLookUp: ((name: string) => void) | undefined;
  readonly #onContour: HostsOnContour;
  readonly #isLearnt: () => boolean;
  readonly #lookups = new Map<string, ((found: HostLookup) => void)[]>();

  /** `isLearnt` tells whether the contour is still learnt. */
  constructor(contour: Contour, isLearnt: () => boolean) {
    this.#onContour = new HostsOnContour(contour);
    this.#isLearnt = isLearnt;
  }

  /** Looks a host up as this machine does, without waiting. `answer` is called between two calls of the workload. */
  lookUp(name: string, answer: (found: HostLookup) => void): void {
    const waiting = this.#lookups.get(name);
    if (waiting !== undefined) {
      waiting.push(answer);
      return;
    }
    if (this.onLookUp === undefined || this.#lookups.size >= MOST_LOOKUPS) {
      answer(undefined);
      return;
    }
    this.#lookups.set(name, [answer]);
    this.onLookUp(name);
  }

  lookedUp(name: string, found: HostLookup): void {
    const waiting = this.#lookups.get(name) ?? [];
    this.#lookups.delete(name);
    for (const answer of waiting) answer(found);
  }

  /** The names on the contour to which a program connects or sends at a port; none while it is learnt. */
  at(port: number): readonly string[] {
    return this.#isLearnt() ? [] : this.#onContour.at(port);
  }

  /** By which names an act of a process may call its peer, the best first; none for a peer that is called by its address. */
  namesFor({ op, subject }: Event, process: number): readonly string[] {
    if (op !== "connect" && op !== "send") return [];
    const end = hostAndPort((subject as { readonly address: string }).address);
    if (end === undefined) return [];
    if (end.port === DNS_PORT && this.table.isServer(end.host)) return [RESOLVER];
    return localPort((subject as { readonly address: string }).address) === undefined
      ? this.table.namesOf(end.host, process)
      : [];
  }
}
