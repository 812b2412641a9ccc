/** Audit records into a file, one a line, as they are made. */
import { closeSync, writeSync } from "node:fs";
import { CliError } from "../../error.ts";
import { Output } from "../../store/output.ts";
import { type AuditRecord, recordJson, recordLine } from "./record.ts";
import { tornRecord } from "./records.ts";
import { tornLineOf, writeOver } from "./torn-line.ts";

export class AuditWriter {
  readonly #path: string;
  readonly #fd: number;
  readonly #format: (record: AuditRecord, at: Date, serial: number) => string;
  #serial = 0;
  #fault: unknown;

  /**
   * Appends to the file if it exists. A name that ends in `.json` or `.jsonl` gets JSON, any other the kernel's own form. Where the last
   * line has no end, because its writer was killed or the disk was full, a whole record takes its place, with what it held.
   */
  constructor(path: string) {
    this.#path = path;
    this.#format = /\.jsonl?$/.test(path) ? recordJson : recordLine;
    try {
      this.#fd = Output.open(path).append(0o600);
      this.#mend();
    } catch (fault) {
      throw fault instanceof CliError ? fault : this.#refusal(fault);
    }
  }

  /** The record is longer than what it holds, so it covers the torn line, which is never gone before the record is there. */
  #mend(): void {
    const torn = tornLineOf(this.#fd, this.#path);
    if (torn !== undefined) writeOver(this.#fd, this.#bytesOf(tornRecord(torn.bytes)), torn.at);
  }

  #bytesOf(record: AuditRecord): Buffer {
    this.#serial += 1;
    return Buffer.from(this.#format(record, new Date(), this.#serial), "utf8");
  }

  write(record: AuditRecord): void {
    if (this.#fault !== undefined) return;
    const bytes = this.#bytesOf(record);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch (fault) {
      this.#fault = fault;
    }
  }

  /** Throws now if a record could not be written; that did not delay the workload. */
  close(): void {
    closeSync(this.#fd);
    if (this.#fault !== undefined) throw this.#refusal(this.#fault);
  }

  #refusal(fault: unknown): CliError {
    const why = fault instanceof Error ? fault.message : String(fault);
    return new CliError("cannot-write", `cannot write the audit records ${this.#path}: ${why}`, { cause: fault });
  }
}
