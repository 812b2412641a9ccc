/** What is known of hosts by name in one namespace: the table of addresses, lookups under way, the names on the contour. */
import type { Contour } from "@isoline/core/contour";
import type { Engine } from "@isoline/core/engine";
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
  readonly #begin: (name: string) => void;
  readonly #onContour: HostsOnContour;
  readonly #engine: Pick<Engine, "mode">;
  readonly #lookups = new Map<string, ((found: HostLookup) => void)[]>();

  /** `contour` gives the one that is in force. `begin` looks a host up in another thread; what it found comes back by `lookedUp`. */
  constructor(contour: () => Contour, engine: Pick<Engine, "mode">, begin: (name: string) => void) {
    this.#begin = begin;
    this.#onContour = new HostsOnContour(contour);
    this.#engine = engine;
  }

  /** Looks a host up as this machine does, without waiting. `answer` is called between two calls of the workload. */
  lookUp(name: string, answer: (found: HostLookup) => void): void {
    const waiting = this.#lookups.get(name);
    if (waiting !== undefined) {
      waiting.push(answer);
      return;
    }
    if (this.#lookups.size >= MOST_LOOKUPS) {
      answer(undefined);
      return;
    }
    this.#lookups.set(name, [answer]);
    this.#begin(name);
  }

  lookedUp(name: string, found: HostLookup): void {
    const waiting = this.#lookups.get(name) ?? [];
    this.#lookups.delete(name);
    for (const answer of waiting) answer(found);
  }

  /** The names on the contour to which a program connects or sends at a port; none while it is learnt. */
  at(port: number): readonly string[] {
    return this.#engine.mode === "learn" ? [] : this.#onContour.at(port);
  }

  /**
   * An act on a peer that has names, called by the first that is on the contour; else by its address, if that is, because no name
   * led there when it was learnt; else by the best name. Undefined for any other act.
   */
  named(
    event: Event,
    process: number,
    level: (host: string | undefined) => Event,
    isOn: (levelled: Event) => boolean,
  ): Event | undefined {
    const named = this.#namesFor(event, process).map(level);
    if (named.length === 0) return undefined;
    const found = named.find(isOn);
    if (found !== undefined) return found;
    const plain = level(undefined);
    return isOn(plain) ? plain : named[0];
  }

  #namesFor({ op, subject }: Event, process: number): readonly string[] {
    if (op !== "connect" && op !== "send") return [];
    const end = hostAndPort(subject.address);
    if (end === undefined) return [];
    if (end.port === DNS_PORT && this.table.isServer(end.host)) return [RESOLVER];
    return localPort(subject.address) === undefined ? this.table.namesOf(end.host, process) : [];
  }
}
