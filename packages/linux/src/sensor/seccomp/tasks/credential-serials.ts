/**
 * Small numbers for the credentials that tasks act with, by which keys tell them apart.
 */
import type { ThreadStatus } from "../../../process/proc-status.ts";
import type { Rights } from "./process.ts";

export class CredentialSerials {
  readonly #serials = new Map<string, number>();

  /** With what a thread acts that has this status: private to it, and changed by its own calls alone. */
  of({ credentials, groups }: ThreadStatus): Rights {
    const c = credentials;
    const key = `${c.uid} ${c.euid} ${c.suid} ${c.fsuid} ${c.gid} ${c.egid} ${c.sgid} ${c.fsgid} ${c.capabilities}`;
    let serial = this.#serials.get(key);
    if (serial === undefined) {
      serial = this.#serials.size + 1;
      this.#serials.set(key, serial);
    }
    return { credentials, groups, serial };
  }
}
