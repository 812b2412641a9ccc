/** How the sensor opens files whose content it wants to know. */
import { closeSync, constants, openSync } from "node:fs";
import { QuietOpener } from "./quiet-opener.ts";

let opener: QuietOpener | undefined;

/** From now on no fanotify group of the workload hears of what is opened here: one may be about to decide about opens. */
export function readQuietly(): void {
  opener ??= new QuietOpener();
}

/**
 * A readable descriptor of the object behind an O_PATH descriptor: the same inode, whatever its name says by now; undefined if
 * it cannot be had. Without waiting: a lease that another process holds on it could make that three quarters of a minute.
 */
export function openReadable(fd: number): number | undefined {
  if (opener !== undefined) return opener.open(fd);
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

/** Whether the file that was asked for last could not be opened because a process that is asked about it does not answer. */
export function wasWithheld(): boolean {
  return opener?.wasKeptWaiting ?? false;
}

/** Opens the object behind an O_PATH descriptor for as long as it is used; undefined if it cannot be read. */
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
