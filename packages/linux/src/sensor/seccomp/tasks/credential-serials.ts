/** Small numbers for the credentials of tasks, by which keys distinguish them. */
import type { ThreadStatus } from "../../../process/proc-status.ts";
import type { Rights } from "./process.ts";

export class CredentialSerials {
  readonly #serials = new Map<string, number>();

  /** The number of the credentials of a thread with this status; they are private to it, and only its own calls change them. */
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
