/**
 * A trajectory on disk: events in order of first occurrence, one JSON object a line. Before the first event of a task stands
 * the task, `{"task":{"id","parent","images":[{"path","digest"}]}}`, after its parent.
 *
 * What an untrusted process does off contour is written each time, so a workload decides how long the file would be. Beyond a limit
 * the events are counted, and the last line says how many there were: `{"more":N}`.
 */
import { closeSync, fstatSync, fsyncSync, writeSync } from "node:fs";
import type { Digest } from "@isoline/core/digest";
import { type Event, eventToJson } from "@isoline/core/event";
import type { Task } from "@isoline/core/identity";
import { CliError } from "../error.ts";
import { Output } from "./output.ts";

const FLUSH_AT = 64 * 1024;
/** 1 GiB. */
const MOST_BYTES = 1024 * 1024 * 1024;

export class TrajectoryWriter {
  readonly #path: string;
  readonly #fd: number;
  readonly #most: number;
  readonly #tasks = new Set<Digest>();
  #pending = "";
  #bytes = 0;
  /** Events beyond the limit. After the first that does not fit, none does: the file has the events from the first on, without a gap. */
  #more = 0;
  #fault: unknown;

  /** `most` bounds the bytes of the file, but for its last line. */
  constructor(path: string, most: number = MOST_BYTES) {
    this.#path = path;
    this.#most = most;
    try {
      this.#fd = Output.open(path).begin(0o600);
    } catch (fault) {
      throw fault instanceof CliError ? fault : this.#refusal(fault);
    }
  }

  /** `lineage` are the tasks that led to the actor, as far as they are known, the first of the namespace first. */
  write(event: Event, lineage: readonly Task[]): void {
    const text = this.#more === 0 ? this.#linesOf(event, lineage) : "";
    this.#bytes += Buffer.byteLength(text);
    if (this.#more > 0 || this.#bytes > this.#most) {
      this.#more += 1;
      return;
    }
    this.#pending += text;
    if (this.#pending.length >= FLUSH_AT) this.#flush();
  }

  /**
   * Writes the rest; returns what is not in the file, by reason. Throws now if a line could not be written; that did not delay the
   * workload.
   */
  close(): readonly { readonly reason: string; readonly count: number }[] {
    if (this.#more > 0) this.#pending += `${JSON.stringify({ more: this.#more })}\n`;
    this.#flush();
    this.#attempt(() => {
      // Devices and pipes cannot be synced, and need not be.
      if (fstatSync(this.#fd).isFile()) fsyncSync(this.#fd);
    });
    closeSync(this.#fd);
    if (this.#fault !== undefined) throw this.#refusal(this.#fault);
    const reason = `events beyond ${this.#most} bytes are not in the trajectory; its last line says how many there were`;
    return this.#more === 0 ? [] : [{ reason, count: this.#more }];
  }

  #linesOf(event: Event, lineage: readonly Task[]): string {
    const tasks = lineage.filter(({ id }) => !this.#tasks.has(id));
    for (const { id } of tasks) this.#tasks.add(id);
    return [...tasks.map((task) => ({ task })), eventToJson(event)].map((line) => `${JSON.stringify(line)}\n`).join("");
  }

  #flush(): void {
    const bytes = Buffer.from(this.#pending, "utf8");
    this.#pending = "";
    this.#attempt(() => {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    });
  }

  /** After the first failure nothing more is written: a trajectory with a gap would look complete. */
  #attempt(write: () => void): void {
    if (this.#fault !== undefined) return;
    try {
      write();
    } catch (fault) {
      this.#fault = fault;
    }
  }

  #refusal(fault: unknown): CliError {
    const why = fault instanceof Error ? fault.message : String(fault);
    return new CliError("cannot-write", `cannot write the trajectory ${this.#path}: ${why}`, { cause: fault });
  }
}
