/**
 * Small numbers for the credentials that tasks act with, by which keys tell them apart.
 */
import type { ThreadStatus } from "../../../process/proc-status.ts";
import type { Thread } from "./process.ts";

export class CredentialSerials {
  readonly #serials = new Map<string, number>();

  /** Notes with what a thread acts from now on: private to it, and changed by its own calls alone. */
  set(thread: Thread, { credentials, groups }: ThreadStatus): void {
    const c = credentials;
    const key = `${c.uid} ${c.euid} ${c.suid} ${c.fsuid} ${c.gid} ${c.egid} ${c.sgid} ${c.fsgid} ${c.capabilities}`;
    let serial = this.#serials.get(key);
    if (serial === undefined) {
      serial = this.#serials.size + 1;
      this.#serials.set(key, serial);
    }
    thread.credentials = c;
    thread.groups = groups;
    thread.credentialsSerial = serial;
    thread.credentialsStale = false;
  }
}
