/**
 * Looks ahead at records that have arrived and are not handled yet, and opens the files that they execute while their paths
 * still lead to them. The process may end soon, and a file in memory with it.
 */
import type { RingReader } from "../../libbpf/ring.ts";
import type { SeenContent } from "./content.ts";
import { kinds, Record } from "./record.ts";

export class Glance {
  readonly #reader: RingReader;
  readonly #content: SeenContent;
  /** The record that is being read is a different object. */
  readonly #record = new Record();

  constructor(reader: RingReader, content: SeenContent) {
    this.#reader = reader;
    this.#content = content;
    content.meanwhile = () => this.ahead();
  }

  ahead(): void {
    this.#reader.glance((offset, length) => {
      const record = this.#record.at(this.#reader, offset, length);
      if (record.kind === kinds.image) this.#content.hold(record.object(0), record.pid);
    });
  }
}
