/**
 * The pipe on which bin/isoline-runc waits for a supervisor that outlives it: it carries the status of runc, or nothing if the
 * supervisor ended before it had one.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { closeDescriptor, redirect } from "@isoline/linux";

export class StatusPipe {
  readonly #fd: number;
  #open = true;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** The pipe that ISOLINE_STATUS names; undefined if no caller waits. */
  static fromEnvironment(): StatusPipe | undefined {
    const named = process.env["ISOLINE_STATUS"];
    delete process.env["ISOLINE_STATUS"];
    return named !== undefined && /^[3-9]$/.test(named) ? new StatusPipe(Number(named)) : undefined;
  }

  /** Whether the caller still waits. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Releases the caller, which may have ended. */
  deliver(status: number): void {
    if (!this.#open) return;
    this.#open = false;
    try {
      writeSync(this.#fd, `${status}\n`);
    } catch {
      // The caller was killed; its request is carried out all the same.
    }
    closeDescriptor(this.#fd);
  }

  /** Closes the descriptors that the caller passed to runc: a reader of their other ends waits until the last holder closes them. */
  letGo(inherited: readonly number[]): void {
    const nothing = openSync("/dev/null", "r+");
    for (const standard of [0, 1, 2]) redirect(nothing, standard);
    closeSync(nothing);
    for (const fd of inherited) if (fd > 2) closeDescriptor(fd);
    process.chdir("/");
  }
}
