/**
 * Lookups of the supervisor's own, before a connection to an address to which no name on the contour is known to lead: the
 * program may have kept the address, or have got it by a way that the supervisor does not see. So each name on the contour that
 * is reached at the port is looked up anew, and then the address is decided.
 */
import { hostAndPort, localPort } from "@isoline/core/identity";
import type { HostNames } from "../../names/host-names.ts";
import { hostText } from "../../words/sockets.ts";

/** The names of a port are looked up at most once in this time, whatever addresses a program tries. */
const PAUSE_MS = 10_000;

export class Renewal {
  readonly #names: HostNames;
  /** The names of a port that were last looked up, and when; infinite while they are. */
  readonly #renewed = new Map<number, { readonly names: readonly string[]; readonly at: number }>();
  readonly #waiting = new Map<number, (() => void)[]>();

  constructor(names: HostNames) {
    this.#names = names;
  }

  /** Whether names are looked up before an address is decided; `then` gives the function that is called after that. */
  begins(address: string, process: number, then: () => () => void): boolean {
    const end = hostAndPort(address);
    if (end === undefined || localPort(address) !== undefined) return false;
    const names = this.#names.at(end.port);
    if (names.length === 0) return false;
    const known = this.#names.table.namesOf(end.host, process);
    if (names.some((name) => known.includes(name))) return false;
    const renewed = this.#renewed.get(end.port);
    if (renewed?.at === Infinity) {
      this.#waiting.get(end.port)?.push(then());
      return true;
    }
    // A contour that was amended meanwhile has other names.
    if (renewed?.names === names && performance.now() - renewed.at < PAUSE_MS) return false;
    this.#renew(end.port, names, then());
    return true;
  }

  #renew(port: number, names: readonly string[], go: () => void): void {
    this.#renewed.set(port, { names, at: Infinity });
    this.#waiting.set(port, [go]);
    let left = names.length;
    for (const name of names)
      this.#names.lookUp(name, (found) => {
        if (typeof found === "object")
          for (const each of found.addresses) this.#names.table.add(name, hostText(each), 0);
        left -= 1;
        if (left === 0) this.#end(port, names);
      });
  }

  #end(port: number, names: readonly string[]): void {
    this.#renewed.set(port, { names, at: performance.now() });
    const waiting = this.#waiting.get(port) ?? [];
    this.#waiting.delete(port);
    for (const go of waiting) go();
  }
}
