/**
 * Root directories of containers, held open: a file that was executed or mapped there must be found even if its process has
 * ended, and no path may lead there from our own root.
 */
import { close, openat2, statx } from "../../abi/libc.ts";
import { AT_EMPTY_PATH, AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_PATH, Stat, STATX_MASK } from "../../abi/stat.ts";
import { EMPTY, openHow, terminated } from "../../abi/bytes.ts";

const DIRECTORY = openHow(O_PATH | O_DIRECTORY | O_CLOEXEC, 0, 0);
/** A container has one root, and each `exec` uses the same. */
const MOST = 16;

export class Roots {
  readonly #open = new Map<string, number>();
  readonly #stat = new Stat();

  /** Descriptors, the most recent one first. */
  get all(): readonly number[] {
    return [...this.#open.values()].reverse();
  }

  /** Notes a directory that will be a root, or `/proc/PID/root`. A later mount over it makes no difference. */
  note(directory: string): void {
    const fd = openat2(AT_FDCWD, terminated(directory), DIRECTORY);
    if (fd < 0) return;
    const known = statx(fd, EMPTY, AT_EMPTY_PATH, STATX_MASK, this.#stat.bytes) < 0 ? "" : this.#mark();
    if (known === "" || this.#open.has(known)) {
      close(fd);
      return;
    }
    this.#open.set(known, fd);
    if (this.#open.size > MOST) this.#forget(this.#open.keys().next().value as string);
  }

  close(): void {
    for (const mark of [...this.#open.keys()]) this.#forget(mark);
  }

  /** In each mount namespace the same directory is on another mount. */
  #mark(): string {
    return `${this.#stat.device} ${this.#stat.inode} ${this.#stat.mountId}`;
  }

  #forget(mark: string): void {
    close(this.#open.get(mark) as number);
    this.#open.delete(mark);
  }
}
