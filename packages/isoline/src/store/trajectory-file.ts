/**
 * A trajectory on disk: events in order of first occurrence, one JSON object a line. Before the first event of a task stands
 * the task, `{"task":{"id","parent","images":[{"path","digest"}]}}`, after its parent.
 */
import { closeSync, fstatSync, fsyncSync, writeSync } from "node:fs";
import type { Digest } from "@isoline/core/digest";
import { type Event, eventToJson } from "@isoline/core/event";
import type { Task } from "@isoline/core/identity";
import { CliError } from "../error.ts";
import { Output } from "./output.ts";

const FLUSH_AT = 64 * 1024;

export class TrajectoryWriter {
  readonly #path: string;
  readonly #fd: number;
  readonly #tasks = new Set<Digest>();
  #pending = "";

  #fault: unknown;

  constructor(path: string) {
    this.#path = path;
    try {
      this.#fd = Output.open(path).begin(0o600);
    } catch (fault) {
      throw fault instanceof CliError ? fault : this.#refusal(fault);
    }
  }

  /** `lineage` are the tasks that led to the actor, as far as they are known, the first of the namespace first. */
  write(event: Event, lineage: readonly Task[]): void {
    for (const task of lineage) {
      if (this.#tasks.has(task.id)) continue;
      this.#tasks.add(task.id);
      this.#pending += `${JSON.stringify({ task })}\n`;
    }
    this.#pending += `${JSON.stringify(eventToJson(event))}\n`;
    if (this.#pending.length >= FLUSH_AT) this.#flush();
  }

  /** Writes the rest. Throws now if a line could not be written; that did not delay the workload. */
  close(): void {
    this.#flush();
    this.#attempt(() => {
      // Devices and pipes cannot be synced, and need not be.
      if (fstatSync(this.#fd).isFile()) fsyncSync(this.#fd);
    });
    closeSync(this.#fd);
    if (this.#fault !== undefined) throw this.#refusal(this.#fault);
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
