/**
 * Ports that the kernel gave to the namespace's own sockets: their numbers say nothing and differ from run to run.
 */

/** How many sockets with an unknown port are followed; beyond it the oldest is dropped and its port stays a number. */
const MAX_PENDING = 4096;

export class OwnPorts {
  readonly #low: number;
  readonly #high: number;
  readonly #own = new Set<number>();
  #pending: (() => number | undefined)[] = [];

  /** The range that the kernel gives ports from (`net.ipv4.ip_local_port_range`). */
  constructor([low, high]: readonly [number, number]) {
    this.#low = low;
    this.#high = high;
  }

  /** A socket is about to be given a port; `resolve` says which, once it has. */
  expect(resolve: () => number | undefined): void {
    if (this.#pending.length >= MAX_PENDING) this.#pending.shift();
    this.#pending.push(resolve);
  }

  /** Whether a port was given to a socket of the namespace. Outside the kernel's range nothing was given. */
  has(port: number): boolean {
    if (port < this.#low || port > this.#high) return false;
    if (!this.#own.has(port)) this.#resolve();
    return this.#own.has(port);
  }

  #resolve(): void {
    this.#pending = this.#pending.filter((resolve) => {
      const port = resolve();
      if (port === undefined || port === 0) return true;
      this.#own.add(port);
      return false;
    });
  }
}
