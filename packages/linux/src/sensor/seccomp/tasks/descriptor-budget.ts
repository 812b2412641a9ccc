/**
 * How many descriptors the sensor may keep open between calls. Each call needs a few for a moment: with none left for
 * those, nothing could be resolved and everything would have to be refused.
 */
import { prlimit } from "../../../abi/libc.ts";

const RLIMIT_NOFILE = 7;
/** For Node, the listener, one call's resolution, content that is being hashed, and files that are written at the end. */
const RESERVED = 64;

const limit: Buffer = Buffer.alloc(16);
prlimit(0, RLIMIT_NOFILE, null, limit);
const free = Math.max(0, Number(limit.readBigUInt64LE(0)) - RESERVED);

/** A count of descriptors that are kept, with a share of what is free as its bound. */
export class DescriptorBudget {
  readonly #most: number;
  #kept = 0;

  /** `share` between 0 and 1. */
  constructor(share: number) {
    this.#most = Math.floor(free * share);
  }

  /** Takes room for some; false if there is none, so that they must not be kept. */
  take(count: number): boolean {
    if (this.#kept + count > this.#most) return false;
    this.#kept += count;
    return true;
  }

  giveBack(count: number): void {
    this.#kept -= count;
  }
}
