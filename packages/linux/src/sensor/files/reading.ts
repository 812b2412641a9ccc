/** Opens files whose content the sensor needs. */
import { closeSync, constants, openSync } from "node:fs";
import { QuietOpener } from "./quiet-opener.ts";

let opener: QuietOpener | undefined;

/** From now on no fanotify group of the workload gets events for opens in this file: one may be about to decide about opens. */
export function readQuietly(): void {
  opener ??= new QuietOpener();
}

/**
 * A readable descriptor of the object behind an O_PATH descriptor: the same inode, whatever its name is now; undefined if it
 * cannot be opened. Does not block: a lease of another process on the file could delay it by three quarters of a minute.
 */
export function openReadable(fd: number): number | undefined {
  if (opener !== undefined) return opener.open(fd);
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

/** Whether the last file could not be opened because a process does not answer its permission event. */
export function wasWithheld(): boolean {
  return opener?.wasKeptWaiting ?? false;
}

/** Opens the object behind an O_PATH descriptor while it is used; undefined if it cannot be read. */
export function withReadable<T>(fd: number, use: (readable: number) => T): T | undefined {
  const readable = openReadable(fd);
  if (readable === undefined) return undefined;
  try {
    return use(readable);
  } catch {
    return undefined;
  } finally {
    closeSync(readable);
  }
}
