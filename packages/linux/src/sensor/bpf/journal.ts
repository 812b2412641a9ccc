/**
 * What the next supervisor of a namespace must know, in a map that no process inside can reach: lines of text, one after the
 * other, in pieces of {@link LABEL_BYTES} bytes under the namespace's number and the index of the piece.
 */
import type { BpfMap } from "../../libbpf/map.ts";
import { LABEL_BYTES, u32 } from "./structures.ts";

export class Journal {
  readonly #map: BpfMap;
  readonly #id: number;
  #index = 0;
  #piece: Buffer = Buffer.alloc(LABEL_BYTES);
  #used = 0;

  constructor(map: BpfMap, id: number) {
    this.#map = map;
    this.#id = id;
  }

  /** Adds a line. If the map is full, the line is dropped, and the next supervisor lacks it. */
  append(line: string): void {
    let rest = Buffer.from(`${line}\n`, "utf8");
    while (rest.length > 0) {
      const taken = rest.copy(this.#piece, this.#used);
      this.#used += taken;
      rest = rest.subarray(taken);
      this.#map.update(this.#key(this.#index), this.#piece);
      if (this.#used === LABEL_BYTES) this.#turn();
    }
  }

  /** The lines of the earlier supervisors; new lines are appended after them. */
  read(): readonly string[] {
    const pieces: Buffer[] = [];
    while (this.#map.lookup(this.#key(this.#index), this.#piece)) {
      pieces.push(this.#piece);
      this.#turn();
    }
    const last = pieces.at(-1);
    const end = last?.indexOf(0) ?? -1;
    if (last && end >= 0) {
      this.#index -= 1;
      this.#piece = last;
      this.#used = end;
    }
    const text = Buffer.concat(pieces).toString("utf8");
    const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
    return lines.slice(0, -1);
  }

  #turn(): void {
    this.#index += 1;
    this.#piece = Buffer.alloc(LABEL_BYTES);
    this.#used = 0;
  }

  #key(index: number): Buffer {
    return Buffer.concat([u32(this.#id), u32(index)]);
  }
}
