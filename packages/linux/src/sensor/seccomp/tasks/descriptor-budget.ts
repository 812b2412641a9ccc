/**
 * How many descriptors the sensor may keep open between calls. Each call needs a few temporarily: without free ones, nothing
 * could be resolved and every call would have to be refused.
 *
 * The limit is that of the process, which may serve many namespaces in several threads. Together they may keep three quarters of it, and
 * a namespace no more of that than it leaves to others. So one alone may have half of it, and of several that take what they can get, the
 * next has half of the rest. A few are for each all the same, out of the last quarter.
 */
import { prlimit, statx } from "../../../abi/libc.ts";
import { terminated } from "../../../abi/bytes.ts";
import { AT_FDCWD, Stat, STATX_MASK } from "../../../abi/stat.ts";

const RLIMIT_NOFILE = 7;
/** Reserved for Node, the listener, the resolution of one call, content that is being hashed, and files that are written at the end. */
const RESERVED = 64;
const SHARED = 0.75;
const LEAST = 16;

const OWN_DESCRIPTORS = terminated("/proc/self/fd");
const stat = new Stat();

/** The size of this directory is their number since Linux 6.2, and 0 before. */
function openDescriptors(): number {
  return statx(AT_FDCWD, OWN_DESCRIPTORS, 0, STATX_MASK, stat.bytes) < 0 ? 0 : stat.size;
}

function ownLimit(): number {
  const limit: Buffer = Buffer.alloc(16);
  prlimit(0, RLIMIT_NOFILE, null, limit);
  return Number(limit.readBigUInt64LE(0));
}

/** Counts the descriptors that are kept for one namespace. */
export class DescriptorBudget {
  readonly #limit: number;
  readonly #open: () => number;
  #kept = 0;

  /** `limit` is how many the process may have open, and `open` tells how many it has, or 0 if that is not known. */
  constructor(limit: number = ownLimit(), open: () => number = openDescriptors) {
    this.#limit = Math.max(0, limit - RESERVED);
    this.#open = open;
  }

  /** Whether one more may be kept. */
  get mayKeep(): boolean {
    const open = Math.max(this.#open(), this.#kept);
    return this.#kept < this.#limit * SHARED - open || (this.#kept < LEAST && open < this.#limit);
  }

  /** Reserves one; false if there are not enough, so that it must not be kept. */
  take(): boolean {
    if (!this.mayKeep) return false;
    this.keep();
    return true;
  }

  /** Counts one that might be kept a moment ago. */
  keep(): void {
    this.#kept += 1;
  }

  giveBack(): void {
    this.#kept -= 1;
  }
}
