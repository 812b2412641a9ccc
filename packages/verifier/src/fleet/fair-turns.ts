/**
 * Turns at the processor, which all tenants share: one piece of work in a round of the event loop, of the tenant that has used the least.
 * So a tenant whose evidence takes long to judge, or that sends much of it, takes an equal share from the others and no more; alone it has
 * all of the processor. Between two pieces leases are renewed, and requests are read.
 *
 * What a piece used is the time from its beginning to the first thing that it waits for; what goes on after that is counted where it takes
 * longer than a piece. Where a tenant comes back after a while, it does not make up for what it did not use.
 */

/** A piece of work that goes on for longer lets others go first. */
const PIECE_MS = 20;

interface Tenant {
  readonly name: string;
  readonly waiting: (() => void)[];
  /** Milliseconds, from where the others were when it came. */
  used: number;
}

/** A round in which a piece of work is done. */
interface Turning {
  tenant: Tenant | undefined;
  began: number;
}

export class FairTurns {
  readonly #tenants = new Map<string, Tenant>();
  readonly #now: () => number;
  /** What the last one had used that was chosen. */
  #floor = 0;
  #turning: Turning | undefined;
  #round = 0;
  /** Milliseconds, by tenant, since they were asked for. */
  #spent = new Map<string, number>();

  /** `now` in milliseconds. */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /** Ends when it is this tenant's turn. What follows at once is the piece of work. */
  turn(name: string): Promise<void> {
    const tenant = this.#tenant(name);
    // What it used more than the others still counts.
    if (tenant.waiting.length === 0) tenant.used = Math.max(tenant.used, this.#floor);
    return new Promise((resolve) => {
      tenant.waiting.push(resolve);
      this.#begin();
    });
  }

  /** Milliseconds that each tenant's turns took since this was called last. */
  takeSpent(): ReadonlyMap<string, number> {
    const spent = this.#spent;
    this.#spent = new Map();
    return spent;
  }

  /** Which turn it is. */
  get round(): number {
    return this.#round;
  }

  /** For work that may have waited since its turn, which was this one. Undefined: it did not, and may go on. */
  stillOrAnew(name: string, round: number): Promise<void> | undefined {
    return this.#turning?.tenant !== undefined && this.#round === round ? undefined : this.turn(name);
  }

  /** For long work of a tenant, whose turn it is: to be called between its parts. Undefined: it may go on. */
  breath(name: string): () => Promise<void> | undefined {
    let began = this.#now();
    return () => {
      if (this.#now() - began < PIECE_MS) return undefined;
      this.#use(this.#tenant(name), PIECE_MS);
      return this.turn(name).then(() => {
        began = this.#now();
      });
    };
  }

  #tenant(name: string): Tenant {
    const tenant = this.#tenants.get(name) ?? { name, waiting: [], used: this.#floor };
    this.#tenants.set(name, tenant);
    return tenant;
  }

  /** Both run in one round; all that the first one sets going and that waits for nothing is done before the second. */
  #begin(): void {
    if (this.#turning !== undefined) return;
    const turning: Turning = { tenant: undefined, began: 0 };
    this.#turning = turning;
    setImmediate(() => this.#choose(turning));
    setImmediate(() => this.#settle(turning));
  }

  #choose(turning: Turning): void {
    const tenant = this.#least();
    if (tenant === undefined) return;
    this.#round++;
    turning.tenant = tenant;
    turning.began = this.#now();
    this.#floor = tenant.used;
    tenant.waiting.shift()?.();
  }

  #settle({ tenant, began }: Turning): void {
    this.#turning = undefined;
    if (tenant === undefined) return;
    this.#use(tenant, this.#now() - began);
    this.#begin();
  }

  #use(tenant: Tenant, ms: number): void {
    tenant.used += ms;
    this.#spent.set(tenant.name, (this.#spent.get(tenant.name) ?? 0) + ms);
  }

  /** The tenant with work that used the least. One without work, and with no more used than the others, is forgotten. */
  #least(): Tenant | undefined {
    let least: Tenant | undefined;
    for (const [name, tenant] of this.#tenants) {
      if (tenant.waiting.length > 0) {
        if (least === undefined || tenant.used < least.used) least = tenant;
      } else if (tenant.used <= this.#floor) this.#tenants.delete(name);
    }
    return least;
  }
}
