/** Small numbers for the credentials of tasks, by which keys distinguish them. */
import type { ThreadStatus } from "../../../process/proc-status.ts";
import type { Rights } from "./process.ts";

/** A task may take on ever new ones. Beyond this number all are forgotten, and what comes again gets another number. */
const MOST_KEPT = 16_384;

export class CredentialSerials {
  readonly #most: number;
  readonly #serials = new Map<string, number>();
  #next = 1;

  constructor(most = MOST_KEPT) {
    this.#most = most;
  }

  /**
   * The number of the credentials of a thread with this status; they are private to it, and only its own calls change them. No number is
   * ever given to two of them: keys that were made with it would stand for both.
   */
  of({ credentials, groups }: ThreadStatus): Rights {
    const c = credentials;
    const key = `${c.uid} ${c.euid} ${c.suid} ${c.fsuid} ${c.gid} ${c.egid} ${c.sgid} ${c.fsgid} ${c.capabilities}`;
    let serial = this.#serials.get(key);
    if (serial === undefined) {
      serial = this.#next++;
      if (this.#serials.size >= this.#most) this.#serials.clear();
      this.#serials.set(key, serial);
    }
    return { credentials, groups, serial };
  }
}
