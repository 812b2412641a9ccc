/**
 * What is known of each file that a policy had something to say about: the kernel's `ima_iint_cache`, by device and inode.
 */
import type { UsedFile } from "@isoline/linux";
import type { Rule } from "./policy/rule.ts";

export class FileRecord {
  version = "";
  /** Registers it was measured into, as it is now. */
  readonly measured = new Set<number>();
  /** Rules that found it good, as it is now. */
  readonly good = new Set<Rule>();
  audited = false;
  hashed = false;
  /** Its attribute is a signature: it is not to be written. */
  signed = false;
  /** It was measured for a reader: writing to it while it is still read is a violation. */
  read = false;
  /** Somebody in the namespace opened it for writing, and may still have it open. */
  written = false;
  /** It was looked whether somebody has, as it is now. */
  looked = false;
  /** That it was read while it was open for writing has been recorded. */
  openWriters = false;

  /** Forgets what was found out about an earlier state of the file. */
  update(version: string): void {
    if (version === this.version) return;
    this.version = version;
    this.measured.clear();
    this.good.clear();
    this.audited = false;
    this.hashed = false;
    this.signed = false;
    this.looked = false;
  }
}

/** The kernel keeps as many as there are inodes in memory. */
const MAX_RECORDS = 131_072;

export class FileRecords {
  readonly #records = new Map<string, FileRecord>();

  of(file: UsedFile): FileRecord {
    const key = `${file.device} ${file.inode}`;
    let record = this.#records.get(key);
    if (record === undefined) {
      // What is forgotten is found out again; that a reader is still there is then not known.
      if (this.#records.size >= MAX_RECORDS) this.#records.delete(this.#records.keys().next().value as string);
      record = new FileRecord();
      this.#records.set(key, record);
    }
    return record;
  }
}
