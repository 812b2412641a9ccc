/**
 * Ports that the kernel gave to the namespace's own sockets: their numbers say nothing and differ from run to run.
 */

/** How many sockets with an unknown port are followed; beyond it the oldest is dropped and its port stays a number. */
const MAX_PENDING = 4096;

export class OwnPorts {
  readonly #low: number;
  readonly #high: number;
  /** By the network that they are of: its maker, "" for the launch's. */
  readonly #own = new Set<string>();
  #pending: { readonly resolve: () => number | undefined; readonly network: string }[] = [];

  /** The range that the kernel gives ports from (`net.ipv4.ip_local_port_range`). */
  constructor([low, high]: readonly [number, number]) {
    this.#low = low;
    this.#high = high;
  }

  /** A socket is about to be given a port; `resolve` says which, once it has. */
  expect(resolve: () => number | undefined, network: string): void {
    if (this.#pending.length >= MAX_PENDING) this.#pending.shift();
    this.#pending.push({ resolve, network });
  }

  /** Whether a port was given to a socket of the namespace. Outside the kernel's range nothing was given. */
  has(port: number, network: string): boolean {
    if (port < this.#low || port > this.#high) return false;
    const own = `${port} ${network}`;
    if (!this.#own.has(own)) this.#resolve();
    return this.#own.has(own);
  }

  #resolve(): void {
    this.#pending = this.#pending.filter(({ resolve, network }) => {
      const port = resolve();
      if (port === undefined || port === 0) return true;
      this.#own.add(`${port} ${network}`);
      return false;
    });
  }
}
