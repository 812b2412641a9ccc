/** The files of a report in configfs, as the kernel's TSM driver has them: read, written, bounded. */
import { closeSync, mkdirSync, openSync, readSync, rmdirSync, writeSync } from "node:fs";
import { join } from "node:path";

/** What the client needs of a file system. Errors have the kernel's code: `EBUSY`, `ENOENT`, `ENXIO`. */
export interface ReportFiles {
  make(report: string): void;
  /** At most `most` bytes; one more tells that there is more. */
  read(report: string, attribute: string, most: number): Uint8Array;
  write(report: string, attribute: string, bytes: Uint8Array): void;
  remove(report: string): void;
}

const TSM_ROOT = "/sys/kernel/config/tsm/report";

/** The files below a directory, the kernel's unless a test names another. */
export class Configfs implements ReportFiles {
  readonly #root: string;

  constructor(root: string = TSM_ROOT) {
    this.#root = root;
  }

  make(report: string): void {
    mkdirSync(join(this.#root, report), { mode: 0o700 });
  }

  read(report: string, attribute: string, most: number): Uint8Array {
    const descriptor = openSync(join(this.#root, report, attribute), "r");
    try {
      const bytes = Buffer.alloc(most + 1);
      let length = 0;
      for (let read = -1; read !== 0 && length < bytes.length; length += read)
        read = readSync(descriptor, bytes, length, bytes.length - length, null);
      return Uint8Array.from(bytes.subarray(0, length));
    } finally {
      closeSync(descriptor);
    }
  }

  /** In one call: the kernel takes each write for the whole value. */
  write(report: string, attribute: string, bytes: Uint8Array): void {
    const descriptor = openSync(join(this.#root, report, attribute), "w");
    try {
      writeSync(descriptor, bytes);
    } finally {
      closeSync(descriptor);
    }
  }

  remove(report: string): void {
    rmdirSync(join(this.#root, report));
  }
}
