/**
 * What the next supervisor of a namespace must know, in a map that no process inside can reach: lines of JSON, one after the
 * other, in pieces of {@link LABEL_BYTES} bytes under the namespace's number and the index of the piece.
 *
 * A supervisor may be killed between two pieces of a line. What it gave a number is given out after the line only (`#exec` in
 * sensor.ts), so a last line without its end is ignored, and the next line takes its place.
 */
import { LinuxError } from "../../error.ts";
import type { BpfMap } from "../../libbpf/map.ts";
import { LABEL_BYTES, u32 } from "./structures.ts";

const NEWLINE = 10;

/** The map, of which a journal needs these only. */
export type Pieces = Pick<BpfMap, "lookup" | "update" | "delete">;

/** What earlier supervisors noted. */
export interface Notes {
  readonly lines: readonly string[];
  /** The last supervisor was killed while it added a line, which is not among the lines. */
  readonly isTorn: boolean;
}

export class Journal {
  readonly #map: Pieces;
  readonly #id: number;
  /** Where the next line begins: the index of its piece, and what that piece holds already. */
  #index = 0;
  #piece: Buffer = Buffer.alloc(LABEL_BYTES);
  #used = 0;
  /** The index of the last piece of a torn line; -1 if the last line is whole. */
  #tornTo = -1;
  #isStopped = false;

  constructor(map: Pieces, id: number) {
    this.#map = map;
    this.#id = id;
  }

  /** Adds nothing from now on: the map is for namespaces that another supervisor may take over. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Adds a line. If the map is full, the line is dropped, and the next supervisor lacks it; false then. */
  append(line: string): boolean {
    if (this.#isStopped) return true;
    this.#cutTorn();
    const bytes = Buffer.concat([this.#piece.subarray(0, this.#used), Buffer.from(`${line}\n`, "utf8")]);
    const first = this.#index;
    for (let at = 0; at < bytes.length; at += LABEL_BYTES) {
      const index = first + at / LABEL_BYTES;
      if (!this.#map.update(this.#key(index), pieceOf(bytes, at))) {
        this.#tornTo = index - 1;
        this.#cutTorn();
        return false;
      }
    }
    this.#endAt(first, bytes);
    return true;
  }

  /**
   * The lines of the earlier supervisors; new lines are appended after them. Throws `notes-damaged` for anything else than whole lines of
   * JSON and a last one without its end.
   */
  read(): Notes {
    const pieces: Buffer[] = [];
    for (let piece = Buffer.alloc(LABEL_BYTES); this.#map.lookup(this.#key(pieces.length), piece); ) {
      pieces.push(piece);
      piece = Buffer.alloc(LABEL_BYTES);
    }
    const all = Buffer.concat(pieces);
    const end = all.indexOf(0);
    const bytes = all.subarray(0, end < 0 ? all.length : end);
    if (all.subarray(bytes.length).some((byte) => byte !== 0))
      throw this.#damaged(`more after byte ${bytes.length}, where it ends`);
    const whole = bytes.lastIndexOf(NEWLINE) + 1;
    const lines = bytes.toString("utf8", 0, whole).split("\n").slice(0, -1);
    for (const line of lines) if (!isJsonObject(line)) throw this.#damaged(JSON.stringify(line.slice(0, 60)));
    this.#endAt(0, bytes.subarray(0, whole));
    const isTorn = bytes.length > whole;
    this.#tornTo = isTorn ? pieces.length - 1 : -1;
    return { lines, isTorn };
  }

  /** The next line begins after these bytes, of which the first stands at the beginning of a piece. */
  #endAt(first: number, bytes: Buffer): void {
    this.#used = bytes.length % LABEL_BYTES;
    this.#index = first + (bytes.length - this.#used) / LABEL_BYTES;
    this.#piece = pieceOf(bytes, bytes.length - this.#used);
  }

  /** From its end to its beginning, so that a supervisor that is killed meanwhile leaves a torn line as well. */
  #cutTorn(): void {
    for (; this.#tornTo > this.#index; this.#tornTo -= 1) this.#map.delete(this.#key(this.#tornTo));
    if (this.#tornTo === this.#index) {
      if (this.#used === 0) this.#map.delete(this.#key(this.#index));
      else this.#map.update(this.#key(this.#index), this.#piece);
    }
    this.#tornTo = -1;
  }

  #key(index: number): Buffer {
    return Buffer.concat([u32(this.#id), u32(index)]);
  }

  #damaged(found: string): LinuxError {
    return new LinuxError(
      "notes-damaged",
      `what the earlier supervisor of namespace ${this.#id} noted is damaged: expected JSON objects, a line each, found ${found}; it cannot be taken over, and its kernel programs go on refusing what is not decided: end its processes, or see isoline unpin`,
    );
  }
}

function pieceOf(bytes: Buffer, at: number): Buffer {
  const piece = Buffer.alloc(LABEL_BYTES);
  bytes.copy(piece, 0, at);
  return piece;
}

function isJsonObject(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}
