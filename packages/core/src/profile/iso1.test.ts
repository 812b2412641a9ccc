import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryEvent } from "../../../../test/arbitrary/event.ts";
import type { Digest } from "../digest.ts";
import { decodeEvent, encodeEvent } from "../event/encoding.ts";
import type { Event } from "../event/event.ts";
import { formatAct } from "../event/text.ts";
import { iso1, iso1Point } from "./iso1.ts";

describe("an event", () => {
  test("is the same after encoding, after its line, and sound", () => {
    fc.assert(
      fc.property(arbitraryEvent(), (event) => {
        iso1.assertSound(event);
        const encoding = iso1.encode(event);
        const [from, to] = iso1.actorSpan(encoding);
        const rest = Buffer.concat([encoding.subarray(0, from), encoding.subarray(to)]);
        expect(iso1.recall(rest, event.actor)).toEqual(event);
        expect(decodeEvent(Buffer.from(encoding))).toEqual(event);
        expect(iso1.parseAct(iso1.formatAct(event), event.actor)).toEqual(event);
      }),
      { numRuns: 1_000 },
    );
  });

  test("that differs has another encoding, another line or actor, and another point", () => {
    fc.assert(
      fc.property(arbitraryEvent(), arbitraryEvent(), (a, b) => {
        const equal = encodeEvent(a).toString("hex") === encodeEvent(b).toString("hex");
        expect(iso1Point(a) === iso1Point(b)).toBe(equal);
        expect(decodeEvent(Buffer.from(encodeEvent(a)))).toEqual(a);
      }),
      { numRuns: 500 },
    );
  });

  test("has another point whichever part of it changes by a little", () => {
    fc.assert(
      fc.property(arbitraryEvent(), fc.nat(), (event, pick) => {
        const encoding = Buffer.from(iso1.encode(event));
        const place = pick % encoding.length;
        encoding[place] = (encoding[place] as number) ^ 1;
        const changed = Buffer.alloc(32);
        iso1.pointInto(event, encoding, changed, 0);
        expect(changed.toString("hex")).not.toBe(iso1Point(event));
      }),
    );
  });

  test("whose digest is too short is refused, not filled up with what was there before", () => {
    const [event] = fc.sample(arbitraryEvent(), 1) as [Event];
    for (const task of ["", "ab", "zz".repeat(32), "ab".repeat(31)]) {
      const odd = { ...event, actor: { ...event.actor, task: task as Digest } };
      expect(() => iso1Point(odd)).toThrow(expect.objectContaining({ code: "bad-event" }));
    }
  });

  test("whose fields have the same concatenation is another event", () => {
    const actor = {
      task: "00".repeat(32),
      parent: "00".repeat(32),
      credentials: { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0, capabilities: 0n },
    };
    const setid = (call: string, ids: readonly string[]) =>
      ({ op: "setid", actor, subject: { call, ids } }) as unknown as Event;
    const events = [
      setid("ab", ["c"]),
      setid("a", ["bc"]),
      setid("abc", []),
      setid("a", ["b", "c"]),
      setid("a", ["b,c"]),
    ];
    expect(new Set(events.map(iso1Point)).size).toBe(events.length);
    expect(new Set(events.map(formatAct)).size).toBe(events.length);
  });
});
