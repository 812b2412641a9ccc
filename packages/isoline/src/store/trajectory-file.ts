/**
 * A trajectory on disk: events in order of first occurrence, one JSON object a line. In front of the first event of a task
 * stands the task, `{"task":{"id","parent","images":[{"path","digest"}]}}`, after its parent.
 */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { type Digest, type Event, eventToJson, type Task } from "@isoline/core";

const FLUSH_AT = 64 * 1024;

export class TrajectoryWriter {
  readonly #fd: number;
  readonly #tasks = new Set<Digest>();
  #pending = "";

  constructor(path: string) {
    this.#fd = openSync(path, "w", 0o600);
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

  close(): void {
    this.#flush();
    fsyncSync(this.#fd);
    closeSync(this.#fd);
  }

  #flush(): void {
    const bytes = Buffer.from(this.#pending, "utf8");
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    this.#pending = "";
  }
}
