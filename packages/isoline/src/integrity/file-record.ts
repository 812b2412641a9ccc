/** The state of each file that a policy has a rule for: the kernel's `ima_iint_cache`, by device and inode. */
import type { UsedFile } from "@isoline/linux";
import type { Rule } from "./policy/rule.ts";

export class FileRecord {
  version = "";
  /** Registers into which its current state was measured. */
  readonly measured = new Set<number>();
  /** Rules that found its current state good. */
  readonly good = new Set<Rule>();
  audited = false;
  hashed = false;
  /** Its attribute is a signature: it must not be written. */
  signed = false;
  /** It was measured for a reader: writing to it while it is still read is a violation. */
  read = false;
  /** A process of the namespace opened it for writing, and may still have it open. */
  written = false;
  /** Whether that is so was checked for its current state. */
  looked = false;
  /** A violation was recorded: it was read while it was open for writing. */
  openWriters = false;

  /** Resets what depends on an earlier state of the file. */
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
      // A removed record is computed again; whether a reader still has the file open is then not known.
      if (this.#records.size >= MAX_RECORDS) this.#records.delete(this.#records.keys().next().value as string);
      record = new FileRecord();
      this.#records.set(key, record);
    }
    return record;
  }
}
