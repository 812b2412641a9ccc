/**
 * Connections of the C library to nscd, which the supervisor answers itself: its end is one of a pair of sockets, and the other
 * takes the place of the task's.
 *
 * So a program of the C library looks a host up as this machine does, whatever nsswitch.conf names, and no name server is part
 * of its behaviour. It asks for one thing on each connection.
 */
import { close } from "../../../abi/libc.ts";
import { receive, send } from "../../../abi/sockets.ts";
import type { HostLookup, HostNames } from "../../names/host-names.ts";
import { type HostRequest, hostAnswer, notServed, readRequest } from "../../names/nscd.ts";
import { hostText } from "../../words/sockets.ts";
import { POLLIN, type Watches } from "../listener/watches.ts";
import type { Asker, Lookups } from "./lookups.ts";

const PIECE = 2048;
/** The C library waits for five seconds. */
const PATIENCE_MS = 5000;
const MOST = 256;

export class NscdConnections {
  readonly #watches: Watches;
  readonly #names: HostNames;
  readonly #lookups: Lookups;
  readonly #piece: Buffer = Buffer.alloc(PIECE);
  readonly #open = new Set<number>();

  constructor(watches: Watches, names: HostNames, lookups: Lookups) {
    this.#watches = watches;
    this.#names = names;
    this.#lookups = lookups;
  }

  get isFull(): boolean {
    return this.#open.size >= MOST;
  }

  /** Serves a connection whose other end the task has; `fd` is owned by it from now on. */
  serve(fd: number, asker: Asker): void {
    this.#open.add(fd);
    let received: Buffer = Buffer.alloc(0);
    const ready = () => {
      const length = receive(fd, this.#piece);
      if (length <= 0) return this.#end(fd);
      received = Buffer.concat([received, this.#piece.subarray(0, length)]);
      const request = readRequest(received);
      if (request !== "more") this.#answer(fd, asker, request);
    };
    this.#watches.watch(fd, {
      events: POLLIN,
      ready,
      late: { after: PATIENCE_MS, call: () => this.#end(fd) },
    });
  }

  #answer(fd: number, asker: Asker, request: Exclude<ReturnType<typeof readRequest>, "more">): void {
    this.#watches.end(fd);
    if (request === "bad" || request === "descriptor") return this.#end(fd);
    if (request === "other") return this.#end(fd, notServed());
    this.#lookups.ask(asker, request.name, "address", (may) => {
      if (!may) return this.#end(fd, hostAnswer(request, undefined));
      return this.#names.lookUp(request.name, (found) => this.#found(fd, asker, request, found));
    });
  }

  #found(fd: number, { thread }: Asker, request: HostRequest, found: HostLookup): void {
    if (found === undefined) return this.#end(fd, notServed());
    if (found === "no-such-host") return this.#end(fd, hostAnswer(request, undefined));
    for (const address of found.addresses)
      this.#names.table.add(request.name, hostText(address), 0, thread.process.handle);
    this.#end(fd, hostAnswer(request, found));
  }

  /** Lookups may still be under way: what they find is told to no other file that has the number by then. */
  close(): void {
    for (const fd of [...this.#open]) this.#end(fd);
  }

  #end(fd: number, answer?: Buffer): void {
    if (!this.#open.delete(fd)) return;
    if (answer !== undefined) send(fd, answer);
    this.#watches.end(fd);
    close(fd);
  }
}
