/**
 * A trajectory on disk: events in order of first occurrence, one JSON object a line.
 */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { type Event, eventToJson } from "@isoline/core";

const FLUSH_AT = 64 * 1024;

export class TrajectoryWriter {
  readonly #fd: number;
  #pending = "";

  constructor(path: string) {
    this.#fd = openSync(path, "w", 0o600);
  }

  write(event: Event): void {
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
