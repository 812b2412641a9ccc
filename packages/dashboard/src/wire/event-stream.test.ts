import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventStream } from "./event-stream.ts";

const STREAM = ': here\n\nid: 7\nevent: change\ndata: {"a":1}\ndata: 2\n\nid:8\rdata: x\r\rdata: y\r\n\r\n';
const EVENTS = [
  { type: "change", data: '{"a":1}\n2', id: "7" },
  { type: "message", data: "x", id: "8" },
  { type: "message", data: "y", id: "8" },
];

describe("a stream of events", () => {
  it("reads events, comments and every kind of line end", () => {
    expect(new EventStream().take(STREAM)).toStrictEqual(EVENTS);
  });

  it("gives the same wherever the network cuts it", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(STREAM.length), { maxLength: 6 }), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), STREAM.length];
        const stream = new EventStream();
        const pieces = places.slice(1).map((to, index) => STREAM.slice(places[index], to));
        expect(pieces.flatMap((piece) => stream.take(piece))).toStrictEqual(EVENTS);
      }),
    );
  });

  it("refuses a line that does not end, and an event that does not", () => {
    expect(() => new EventStream().take("a".repeat(300_000))).toThrow(/at most 262144 characters/);
    expect(() => new EventStream().take(`data: ${"a".repeat(1_000)}\n`.repeat(300))).toThrow(/at most 262144/);
  });

  it("keeps the last id over a stream that begins anew", () => {
    expect(new EventStream("41").take("data: a\n\n")).toStrictEqual([{ type: "message", data: "a", id: "41" }]);
  });
});
