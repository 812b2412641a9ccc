/**
 * What is kept of nodes within so many bytes, and shared fairly among tenants.
 *
 * - One tenant alone may have all of the memory.
 * - Where it is full, what gives way is of the tenant that holds the most, and only for a tenant that holds no more than that one even
 *   afterwards. So a tenant that holds less than an equal share loses nothing to others, however many nodes they have.
 * - Within a tenant, a node that uses its own is not put out for another one: where each of too many nodes put out the next, none would
 *   find its own again.
 */
import { Largest, type Sized } from "./largest.ts";
import { UseOrder } from "./use-order.ts";

export interface TenantNode {
  readonly id: string;
  readonly tenant: string;
}

interface Kept<T> {
  readonly tenant: Tenant;
  readonly value: T;
  readonly size: number;
  /** When it was asked for or kept last, by `performance.now()`. */
  used: number;
}

/** One that holds something. */
interface Tenant extends Sized {
  readonly name: string;
  /** Bytes of all its nodes. */
  size: number;
  readonly order: UseOrder;
}

export class NodeMemory<T> {
  readonly #idleMs: number;
  readonly #most: number;
  /** By the id of a node. */
  readonly #nodes = new Map<string, Kept<T>>();
  readonly #order = new UseOrder();
  readonly #tenants = new Map<string, Tenant>();
  readonly #largest = new Largest<Tenant>();
  #size = 0;

  /** What is of a node that did not use it for so many seconds is dropped when others need the memory. */
  constructor(most: number, idleSeconds: number) {
    this.#most = most;
    this.#idleMs = idleSeconds * 1000;
  }

  /** Bytes of all that is kept. */
  get size(): number {
    return this.#size;
  }

  get(node: string): T | undefined {
    const kept = this.#nodes.get(node);
    if (kept === undefined) return undefined;
    kept.used = performance.now();
    this.#order.use(node);
    kept.tenant.order.use(node);
    return kept.value;
  }

  drop(node: string): void {
    const kept = this.#nodes.get(node);
    if (kept === undefined) return;
    const { tenant, size } = kept;
    this.#nodes.delete(node);
    this.#order.drop(node);
    tenant.order.drop(node);
    this.#grow(tenant, -size);
    if (tenant.order.size > 0) return;
    this.#tenants.delete(tenant.name);
    this.#largest.remove(tenant);
  }

  /**
   * Keeps a value of so many bytes in place of the one before. False: there is no memory for it, and nothing is kept of the node. What
   * gives way was kept once, so each act costs, taken together, the logarithm of the number of tenants.
   */
  keep(node: TenantNode, value: T, size: number): boolean {
    this.drop(node.id);
    this.#dropIdle(size);
    if (!this.#hasRoom(node.tenant, size)) return false;
    const tenant = this.#tenant(node.tenant);
    this.#nodes.set(node.id, { tenant, value, size, used: performance.now() });
    this.#order.use(node.id);
    tenant.order.use(node.id);
    this.#grow(tenant, size);
    return true;
  }

  #missing(size: number): number {
    return this.#size + size - this.#most;
  }

  #dropIdle(size: number): void {
    const idle = performance.now() - this.#idleMs;
    while (this.#missing(size) > 0) {
      const oldest = this.#order.oldest;
      if (oldest === undefined || (this.#nodes.get(oldest)?.used ?? 0) > idle) return;
      this.drop(oldest);
    }
  }

  /** Drops nothing where it would not be enough: two tenants could put out each other's for ever. */
  #hasRoom(asking: string, size: number): boolean {
    const missing = this.#missing(size);
    if (missing <= 0) return true;
    const largest = this.#largest.first;
    const own = this.#tenants.get(asking)?.size ?? 0;
    if (largest === undefined || largest.size - missing < own + size) return false;
    const { order } = largest;
    for (let oldest = order.oldest; oldest !== undefined && this.#missing(size) > 0; oldest = order.oldest)
      this.drop(oldest);
    return true;
  }

  #tenant(name: string): Tenant {
    const known = this.#tenants.get(name);
    if (known !== undefined) return known;
    const tenant = { name, size: 0, place: 0, order: new UseOrder() };
    this.#tenants.set(name, tenant);
    this.#largest.add(tenant);
    return tenant;
  }

  #grow(tenant: Tenant, size: number): void {
    tenant.size += size;
    this.#size += size;
    this.#largest.changed(tenant);
  }
}
