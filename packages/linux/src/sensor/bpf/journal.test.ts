import { expect, it } from "vitest";
import { Journal, type Pieces } from "./journal.ts";
import { LABEL_BYTES, u32 } from "./structures.ts";

const ID = 7;
const FIRST = JSON.stringify({ places: "first" });
const SECOND = JSON.stringify({ serial: 1, é: "é".repeat(300) });
const LAST = JSON.stringify({ serial: 2, long: "ü".repeat(1200) });
const NEXT = JSON.stringify({ serial: 2, long: "n".repeat(1500) });

/** A map that holds so many pieces, and whose user is killed after so many writes. */
class FakeMap implements Pieces {
  readonly kept: Map<string, Buffer>;
  room = Number.POSITIVE_INFINITY;
  writes = Number.POSITIVE_INFINITY;

  constructor(kept: ReadonlyMap<string, Buffer> = new Map()) {
    this.kept = new Map(kept);
  }

  lookup(key: Buffer, value: Buffer): boolean {
    return (this.kept.get(key.toString("hex"))?.copy(value) ?? 0) > 0;
  }

  update(key: Buffer, value: Buffer): boolean {
    this.#write();
    const name = key.toString("hex");
    if (!this.kept.has(name) && this.kept.size >= this.room) return false;
    this.kept.set(name, Buffer.from(value));
    return true;
  }

  delete(key: Buffer): boolean {
    this.#write();
    return this.kept.delete(key.toString("hex"));
  }

  #write(): void {
    this.writes -= 1;
    if (this.writes < 0) throw new Error("killed");
  }
}

/** What a map holds, as text: of two buffers, each byte would be compared by itself. */
const stateOf = ({ kept }: FakeMap) => [...kept].map(([key, piece]) => `${key} ${piece.toString("hex")}`).sort();

/** A map that holds these bytes, in pieces. */
function holding(bytes: Buffer): FakeMap {
  const map = new FakeMap();
  for (let at = 0; at < bytes.length; at += LABEL_BYTES) {
    const piece = Buffer.alloc(LABEL_BYTES);
    bytes.copy(piece, 0, at);
    map.update(Buffer.concat([u32(ID), u32(at / LABEL_BYTES)]), piece);
  }
  return map;
}

function written(...lines: readonly string[]): FakeMap {
  const map = new FakeMap();
  const journal = new Journal(map, ID);
  for (const line of lines) journal.append(line);
  return map;
}

const bytesOf = (...lines: readonly string[]) => Buffer.from(lines.map((line) => `${line}\n`).join(""), "utf8");
const read = (map: Pieces) => new Journal(map, ID).read();

/** The next supervisor reads, and adds a line. */
function goOn(map: Pieces): void {
  const journal = new Journal(map, ID);
  journal.read();
  journal.append(NEXT);
}

it("is read as it was written, whatever the lengths of its lines", () => {
  for (let length = LABEL_BYTES - 60; length < LABEL_BYTES + 10; length++) {
    const long = JSON.stringify(["x".repeat(length)]);
    const map = written(FIRST, long);
    expect(read(map)).toEqual({ lines: [FIRST, long], isTorn: false });
    goOn(map);
    expect(read(map)).toEqual({ lines: [FIRST, long, NEXT], isTorn: false });
    expect(stateOf(map)).toEqual(stateOf(written(FIRST, long, NEXT)));
  }
});

it("without a line has none", () => {
  expect(read(new FakeMap())).toEqual({ lines: [], isTorn: false });
});

it("cut anywhere within its last line has the lines before, and the next line takes the place of the torn one", () => {
  const whole = bytesOf(FIRST, SECOND);
  const all = bytesOf(FIRST, SECOND, LAST);
  const after = stateOf(written(FIRST, SECOND, NEXT));
  for (let end = whole.length; end < all.length; end++) {
    const map = holding(all.subarray(0, end));
    expect(read(map)).toEqual({ lines: [FIRST, SECOND], isTorn: end > whole.length });
    goOn(map);
    expect(read(map)).toEqual({ lines: [FIRST, SECOND, NEXT], isTorn: false });
    expect(stateOf(map)).toEqual(after);
  }
});

it("cut within its first line has none", () => {
  const all = bytesOf(LAST);
  const after = stateOf(written(NEXT));
  for (let end = 1; end < all.length; end++) {
    const map = holding(all.subarray(0, end));
    expect(read(map)).toEqual({ lines: [], isTorn: true });
    goOn(map);
    expect(stateOf(map)).toEqual(after);
  }
});

it("has the earlier lines whenever a supervisor is killed that removes a torn line and adds another", () => {
  const torn = holding(bytesOf(FIRST, SECOND, LAST).subarray(0, -1)).kept;
  const states = new Set<string>();
  for (let writes = 0; ; writes++) {
    const map = new FakeMap(torn);
    map.writes = writes;
    let isKilled = false;
    try {
      goOn(map);
    } catch {
      isKilled = true;
    }
    const { lines } = read(map);
    states.add(lines.slice(2).join());
    expect(lines.slice(0, 2)).toEqual([FIRST, SECOND]);
    map.writes = Number.POSITIVE_INFINITY;
    goOn(map);
    expect(read(map)).toEqual({ lines: [...lines, NEXT], isTorn: false });
    if (!isKilled) break;
  }
  expect(states).toEqual(new Set(["", NEXT]));
});

it("drops a line for which there is no room, and keeps what was there", () => {
  const map = written(FIRST, SECOND);
  const before = stateOf(map);
  map.room = before.length + 1;
  const journal = new Journal(map, ID);
  journal.read();
  journal.append(LAST);
  expect(stateOf(map)).toEqual(before);
  map.room = Number.POSITIVE_INFINITY;
  journal.append(NEXT);
  expect(stateOf(map)).toEqual(stateOf(written(FIRST, SECOND, NEXT)));
});

it.each([
  ["a line that is no JSON", bytesOf(FIRST, "{", SECOND)],
  ["a line that is no object", bytesOf(FIRST, "null")],
  ["an empty line", bytesOf(FIRST, "", SECOND)],
  ["text after its end", Buffer.concat([bytesOf(FIRST), Buffer.from([0]), bytesOf(SECOND)])],
  [
    "a piece that is not full before the last",
    Buffer.concat([bytesOf(FIRST), Buffer.alloc(LABEL_BYTES), bytesOf(SECOND)]),
  ],
])("with %s is damaged", (_, bytes) => {
  expect(() => read(holding(bytes))).toThrow(/noted is damaged: expected JSON objects, a line each, found /);
});

it("says whether a line fitted, and adds none once it was stopped", () => {
  const map = new FakeMap();
  const journal = new Journal(map, ID);
  map.room = 1;
  expect(journal.append(FIRST)).toBe(true);
  expect(journal.append(NEXT)).toBe(false);
  const before = stateOf(map);
  journal.stop();
  expect(journal.append("{}")).toBe(true);
  expect(stateOf(map)).toEqual(before);
});
