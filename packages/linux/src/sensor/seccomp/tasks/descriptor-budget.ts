/**
 * How many descriptors the sensor may keep open between calls. Each call needs a few temporarily: without free ones, nothing
 * could be resolved and every call would have to be refused.
 */
import { prlimit } from "../../../abi/libc.ts";

const RLIMIT_NOFILE = 7;
/** Reserved for Node, the listener, the resolution of one call, content that is being hashed, and files that are written at the end. */
const RESERVED = 64;

const limit: Buffer = Buffer.alloc(16);
prlimit(0, RLIMIT_NOFILE, null, limit);
const free = Math.max(0, Number(limit.readBigUInt64LE(0)) - RESERVED);

/** Counts descriptors that are kept, up to a share of the free ones. */
export class DescriptorBudget {
  readonly #most: number;
  #kept = 0;

  /** `share` between 0 and 1. */
  constructor(share: number) {
    this.#most = Math.floor(free * share);
  }

  /** Reserves some; false if there are not enough, so that they must not be kept. */
  take(count: number): boolean {
    if (this.#kept + count > this.#most) return false;
    this.#kept += count;
    return true;
  }

  giveBack(count: number): void {
    this.#kept -= count;
  }
}
