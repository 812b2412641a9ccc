/** Challenges that need no memory (docs/spec/challenge.md), and the wheel that finds nodes that are silent. */
import { createHash, createHmac, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChallengeKeys } from "../../packages/verifier/src/challenge/challenge.ts";
import { Wheel } from "../../packages/verifier/src/fleet/wheel.ts";

const node = "ab".repeat(32);
const now = new Date("2026-11-27T00:00:00.000Z");
const after = (seconds: number) => new Date(now.getTime() + seconds * 1000);

describe("a challenge", () => {
  const [old, fresh] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const keys = new ChallengeKeys([old, fresh]);

  it("has the layout that is published", () => {
    const challenge = Buffer.from(keys.make(node, now));
    const id = createHash("sha256").update("isoline challenge key 1").update(fresh).digest()[0];
    const head = challenge.subarray(0, 16);
    const code = createHmac("sha256", fresh)
      .update("isoline challenge 1")
      .update(head)
      .update(Buffer.from(node, "hex"));
    expect([challenge.length, challenge[0], challenge[1], challenge.readUIntBE(2, 6)]).toEqual([
      32,
      1,
      id,
      now.getTime(),
    ]);
    expect(challenge.subarray(16)).toEqual(code.digest().subarray(0, 16));
    expect(Buffer.from(keys.make(node, now))).not.toEqual(challenge);
  });

  it("counts for its node, in its time, under every key that is in use", () => {
    const challenge = keys.make(node, now);
    keys.assertOurs(challenge, node, after(60), 60);
    expect(() => keys.assertOurs(challenge, node, after(61), 60)).toThrow(
      "expected a challenge of the last 60 seconds, got one of 61 seconds ago",
    );
    expect(() => keys.assertOurs(challenge, node, after(-61), 60)).toThrow("seconds ago");
    expect(() => keys.assertOurs(challenge, "cd".repeat(32), now, 60)).toThrow("made for this node");
    new ChallengeKeys([fresh, Buffer.alloc(40, 3)]).assertOurs(challenge, node, now, 60);
    expect(() => new ChallengeKeys([old]).assertOurs(challenge, node, now, 60)).toThrow("a key that is in use");
  });

  it("with any change is none of ours", () => {
    const challenge = keys.make(node, now);
    fc.assert(
      fc.property(fc.nat(31), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const changed = Uint8Array.from(challenge);
        changed[at] = (changed[at] as number) ^ by;
        expect(() => keys.assertOurs(changed, node, now, 60)).toThrow("ask for a new challenge");
      }),
    );
    for (const bytes of [0, 31, 33])
      expect(() => keys.assertOurs(new Uint8Array(bytes).fill(1), node, now, 60)).toThrow("version 1");
  });

  it("needs a secret that cannot be guessed", () => {
    expect(() => new ChallengeKeys([])).toThrow("at least one secret");
    expect(() => new ChallengeKeys([randomBytes(31)])).toThrow("at least 32 bytes");
    expect(() => new ChallengeKeys([old, old])).toThrow("ids of their own");
  });
});

describe("the timing wheel", () => {
  it("finds each name once, when its time has come, whatever was set before", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.integer({ min: 1, max: 40 }), fc.nat(5)), {
          maxLength: 30,
        }),
        (sets) => {
          const due = new Map<string, number>();
          const expected = new Map<string, number>();
          let time = 0;
          const wheel = new Wheel((names) => names.map((name) => due.set(name, time / 1000)), 0, 8);
          for (const [name, seconds, pause] of sets) {
            wheel.set(name, seconds);
            due.delete(name);
            expected.set(name, time / 1000 + seconds);
            for (let second = 0; second < pause; second++) wheel.turn((time += 1000));
          }
          for (let second = 0; second < 50; second++) wheel.turn((time += 1000));
          expect(due).toEqual(expected);
          expect(wheel.size).toBe(0);
        },
      ),
    );
  });

  it("finds nothing that was taken away", () => {
    const due: string[] = [];
    const wheel = new Wheel((names) => due.push(...names), 0, 8);
    wheel.set("a", 3);
    wheel.set("b", 3);
    wheel.remove("a");
    wheel.turn(60_000);
    expect(due).toEqual(["b"]);
  });
});
