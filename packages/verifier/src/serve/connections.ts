/**
 * Connections, of which there are so many at most, shared fairly among addresses.
 *
 * One address alone may have all of them: behind a balancer all callers have one. Where all are taken, the oldest connection of the address
 * that has the most gives way, and only for one that has fewer even afterwards. So no address keeps another one out.
 */
import type { Socket } from "node:net";
import { callerPlace } from "../access/index.ts";
import { Largest, type Sized } from "../fleet/index.ts";

/** It is said no more often. */
const SAID_MS = 60_000;

/** One address; of IPv6 one network of 64 bits. */
class Place implements Sized {
  readonly name: string;
  /** The oldest first. */
  readonly sockets = new Set<Socket>();
  place = 0;

  constructor(name: string) {
    this.name = name;
  }

  get size(): number {
    return this.sockets.size;
  }
}

export class Connections {
  readonly #most: number;
  readonly #noted: (line: string) => void;
  readonly #places = new Map<string, Place>();
  readonly #largest = new Largest<Place>();
  #size = 0;
  #ended = 0;
  #said = Number.NEGATIVE_INFINITY;

  /** `noted` is told that connections were ended because all were taken, at most once a minute. */
  constructor(most: number, noted: (line: string) => void) {
    this.#most = most;
    this.#noted = noted;
  }

  /** Keeps a connection, or ends it. */
  take(socket: Socket): void {
    const name = callerPlace(socket.remoteAddress ?? "unknown");
    if (this.#size >= this.#most && !this.#makeRoom(name)) return this.#end(socket);
    const place = this.#places.get(name) ?? this.#begun(name);
    place.sockets.add(socket);
    this.#size++;
    this.#largest.changed(place);
    socket.once("close", () => this.#drop(place, socket));
  }

  #makeRoom(name: string): boolean {
    const largest = this.#largest.first;
    const own = this.#places.get(name)?.size ?? 0;
    if (largest === undefined || largest.size - 1 < own + 1) return false;
    const [oldest] = largest.sockets;
    if (oldest === undefined) return false;
    this.#drop(largest, oldest);
    this.#end(oldest);
    return true;
  }

  #begun(name: string): Place {
    const place = new Place(name);
    this.#places.set(name, place);
    this.#largest.add(place);
    return place;
  }

  #drop(place: Place, socket: Socket): void {
    if (!place.sockets.delete(socket)) return;
    this.#size--;
    this.#largest.changed(place);
    if (place.size > 0) return;
    this.#places.delete(place.name);
    this.#largest.remove(place);
  }

  #end(socket: Socket): void {
    socket.destroy();
    this.#ended++;
    const now = performance.now();
    if (now - this.#said < SAID_MS) return;
    this.#said = now;
    const largest = this.#largest.first;
    const most = `most, ${largest?.size ?? 0}, are of ${largest?.name ?? "none"}`;
    this.#noted(`all ${this.#most} connections were taken, so ${this.#ended} ended; ${most}; see limits.connections`);
    this.#ended = 0;
  }
}
