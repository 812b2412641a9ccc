/**
 * TCP ports, and the scopes for sockets and processes outside the namespace.
 *
 * Landlock has ports, not addresses. On some kernels it restricts every stream socket of the Internet families (MPTCP, SCTP and
 * SMC included), so the protocol is not distinguished here.
 */
import type { Event } from "@isoline/core/event";
import { isAbstract, withoutNetwork } from "./needs.ts";
import { ALL_NET, netRights, scopes } from "./rights.ts";

const BIND = netRights["bind-tcp"];
const CONNECT = netRights["connect-tcp"];
/** Relations of a signal's target that are certainly inside; a process group may have members outside. */
/** Signals to these targets stay inside; signals to the supervisor are always refused. */
const INSIDE = new Set(["child", "parent", "namespace", "supervisor"]);

export class NetworkRules {
  readonly #ports = { [BIND]: new Set<number>(), [CONNECT]: new Set<number>() };
  /** Rights that cannot be restricted, each with the event that requires all of it. */
  readonly #free = new Map<number, string>();
  readonly #open = new Map<number, string>();

  note(event: Event): void {
    if (event.op === "kill" && !INSIDE.has(event.subject.relation))
      this.#open.set(scopes.signal, `signals to ${event.subject.relation}`);
    if (event.op !== "bind" && event.op !== "connect" && event.op !== "send") return;
    const { family, type } = event.subject;
    const address = withoutNetwork(event.subject.address);
    const stream = type === "stream" || type === "?";
    if (stream && (family === "inet" || family === "inet6" || family === "unspec" || family === "?")) {
      // A send with an address opens a connection if TCP Fast Open is used.
      this.#port(event.op === "bind" ? BIND : CONNECT, family, address);
    }
    if (
      event.op !== "bind" &&
      (family === "?" || (family === "unix" && (isAbstract(address) || address.startsWith("?"))))
    ) {
      this.#open.set(scopes["abstract-unix-socket"], address);
    }
  }

  get bind(): readonly number[] {
    return ascending(this.#ports[BIND] as Set<number>);
  }

  get connect(): readonly number[] {
    return ascending(this.#ports[CONNECT] as Set<number>);
  }

  get handled(): number {
    return [...this.#free.keys()].reduce((handled, right) => handled & ~right, ALL_NET);
  }

  get scoped(): number {
    return Object.values(scopes)
      .filter((scope) => !this.#open.has(scope))
      .reduce((all, scope) => all | scope, 0);
  }

  notes(): string[] {
    const notes: string[] = [];
    for (const [right, address] of this.#free) {
      notes.push(
        `TCP ${right === BIND ? "bind" : "connect"} is not restricted: the port of ${address} is not known before`,
      );
    }
    if (this.bind.includes(0))
      notes.push("TCP bind to port 0, and with it to any port that the kernel chooses, is allowed");
    for (const [scope, example] of this.#open) {
      const what = scope === scopes.signal ? "signals to processes" : "abstract Unix sockets";
      notes.push(`${what} outside the namespace are not restricted: the contour has ${example}`);
    }
    if (!this.#open.has(scopes.signal))
      notes.push("signals, and signal 0 too, do not reach processes outside the namespace");
    return notes;
  }

  #port(right: number, family: string, address: string): void {
    const port = family === "unspec" ? rawPort(address) : /:(\d{1,5})$/.exec(address)?.[1];
    if (port === undefined) this.#free.set(right, address);
    else (this.#ports[right] as Set<number>).add(Number(port));
  }
}

/** An address without a family is bytes in hexadecimal; bind treats it as an IPv4 address, which begins with the port. */
function rawPort(address: string): number | undefined {
  return /^[0-9a-f]{4}/.test(address) ? Number.parseInt(address.slice(0, 4), 16) : undefined;
}

function ascending(numbers: ReadonlySet<number>): readonly number[] {
  return [...numbers].sort((a, b) => a - b);
}
