/**
 * A look ahead at what has been told and was not come to yet: a file that is executed is opened as long as there is a way
 * to it. What runs it may be gone soon, and a file in memory with it.
 */
import type { RingReader } from "../../libbpf/ring.ts";
import type { SeenContent } from "./content.ts";
import { kinds, Record } from "./record.ts";

export class Glance {
  readonly #reader: RingReader;
  readonly #content: SeenContent;
  /** The one that is being read is another. */
  readonly #record = new Record();

  constructor(reader: RingReader, content: SeenContent) {
    this.#reader = reader;
    this.#content = content;
    content.meanwhile = () => this.ahead();
  }

  ahead(): void {
    this.#reader.glance((offset, length) => {
      const record = this.#record.at(this.#reader.bytes, offset, length);
      if (record.kind === kinds.image) this.#content.hold(record.object(0), record.pid);
    });
  }
}
