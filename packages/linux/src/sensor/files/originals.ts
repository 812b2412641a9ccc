/**
 * Large files whose digest is known, kept open, so that a copy can be recognised by comparing it. That costs a sixth of hashing
 * it (4 ms instead of 25 for the 10 MB of runc, which copies itself into memory each time before it enters a container).
 */
import { closeSync, readSync } from "node:fs";
import { openReadable } from "./reading.ts";

const LARGE = 2 ** 20;
const MOST_KEPT = 4;

interface Original {
  readonly fd: number;
  readonly size: number;
  readonly digest: string;
}

export class Originals {
  readonly #kept: Original[] = [];
  readonly #one: Buffer = Buffer.alloc(1 << 18);
  readonly #other: Buffer = Buffer.alloc(1 << 18);

  /** Keeps the file behind an O_PATH descriptor, if it is large and not kept already. */
  keep(fd: number, size: number, digest: string): void {
    if (size < LARGE || this.#kept.some((each) => each.digest === digest)) return;
    const readable = openReadable(fd);
    if (readable === undefined) return;
    this.#kept.push({ fd: readable, size, digest });
    if (this.#kept.length > MOST_KEPT) this.#drop(this.#kept.shift());
  }

  /** The digest of an original with the same size and the same bytes; undefined if there is none. `readable` is read from its start. */
  sameAs(readable: number, size: number): Original | undefined {
    return this.#kept.find((each) => each.size === size && this.#isSame(each.fd, readable, size));
  }

  close(): void {
    for (const each of this.#kept.splice(0)) this.#drop(each);
  }

  #isSame(original: number, copy: number, size: number): boolean {
    for (let at = 0; at < size; ) {
      const got = readSync(copy, this.#one, 0, this.#one.length, at);
      if (got === 0 || readSync(original, this.#other, 0, got, at) !== got) return false;
      if (this.#one.compare(this.#other, 0, got, 0, got) !== 0) return false;
      at += got;
    }
    return readSync(copy, this.#one, 0, 1, size) === 0;
  }

  #drop(original: Original | undefined): void {
    if (original) closeSync(original.fd);
  }
}
