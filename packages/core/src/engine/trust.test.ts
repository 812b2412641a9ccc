import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Cause, SUPERVISOR, Trust } from "./trust.ts";

const cause = (what: string): Cause => ({ reason: "off-contour", what, sequence: 9 });

describe("trust", () => {
  test("a launched process and its descendants are trusted", () => {
    const trust = new Trust();
    trust.born(1, SUPERVISOR);
    trust.born(2, 1);
    expect(trust.trustOf(2)).toEqual({ trusted: true });
    expect(trust.isTrusted(2)).toBe(true);
  });

  test("one departure makes a process and its later children untrusted, not its earlier children", () => {
    const trust = new Trust();
    trust.born(1, SUPERVISOR);
    trust.born(2, 1);
    trust.distrust(1, cause("read a key"));
    trust.born(3, 1);
    trust.born(4, 3);
    expect(trust.trustOf(1)).toEqual({ trusted: false, cause: cause("read a key"), origin: 1 });
    expect(trust.trustOf(2)).toEqual({ trusted: true });
    expect(trust.trustOf(3)).toEqual({ trusted: false, cause: cause("read a key"), origin: 1, inheritedFrom: 1 });
    expect(trust.trustOf(4)).toEqual({ trusted: false, cause: cause("read a key"), origin: 1, inheritedFrom: 3 });
  });

  test("the first cause is kept", () => {
    const trust = new Trust();
    trust.born(1, SUPERVISOR);
    trust.distrust(1, cause("first"));
    trust.distrust(1, cause("second"));
    expect(trust.trustOf(1)).toMatchObject({ cause: { what: "first" } });
  });

  test("a child whose untrusted parent died first is born untrusted, with the cause", () => {
    const trust = new Trust();
    trust.born(1, SUPERVISOR);
    trust.born(2, 1);
    trust.distrust(2, cause("gone bad"));
    trust.died(2);
    trust.born(3, 2);
    expect(trust.trustOf(3)).toMatchObject({ trusted: false, cause: { what: "gone bad" }, inheritedFrom: 2 });
  });

  test("a child whose trusted parent died first is trusted", () => {
    const trust = new Trust();
    trust.born(1, SUPERVISOR);
    trust.died(1);
    trust.born(2, 1);
    expect(trust.isTrusted(2)).toBe(true);
  });

  test("a child of an unknown parent has an unknown lineage", () => {
    const trust = new Trust();
    trust.born(5, 99);
    expect(trust.trustOf(5)).toMatchObject({ trusted: false, cause: { reason: "unknown-lineage" } });
    expect(trust.trustOf(77)).toMatchObject({ trusted: false, cause: { reason: "unknown-lineage" } });
    trust.born(0, SUPERVISOR);
    trust.born(1.5, SUPERVISOR);
    expect([0, -1, 1.5, Number.NaN].map((handle) => trust.isTrusted(handle))).toEqual([false, false, false, false]);
  });

  test("a second birth does not restore trust", () => {
    const trust = new Trust();
    trust.born(1, SUPERVISOR);
    trust.distrust(1, cause("bad"));
    trust.born(1, SUPERVISOR);
    expect(trust.isTrusted(1)).toBe(false);
    trust.died(1);
    trust.born(1, SUPERVISOR);
    expect(trust.isTrusted(1)).toBe(false);
  });

  test("beyond the number of ended processes that are remembered, causes are lost but not the distrust", () => {
    const trust = new Trust({ maxFallen: 2 });
    for (let process = 1; process <= 4; process++) {
      trust.born(process, SUPERVISOR);
      trust.distrust(process, cause("bad"));
      trust.died(process);
    }
    trust.born(5, 1);
    expect(trust.trustOf(5)).toMatchObject({ trusted: false, inheritedFrom: 1 });
    trust.born(1, SUPERVISOR);
    expect(trust.isTrusted(1)).toBe(false);
  });

  test("of what a process did, the beginning is kept, also of one that has ended; the distrust is kept whole", () => {
    const trust = new Trust();
    trust.born(1, SUPERVISOR);
    trust.distrust(1, cause(`made /tmp/x a symbolic link to ${"\\x01".repeat(4095)}`));
    trust.died(1);
    trust.born(2, 1);
    const what = expect.stringMatching(/^made \/tmp\/x a symbolic link to (\\x01)+ \(cut: \d+ of 16411 letters\)…$/);
    for (const process of [1, 2])
      expect(trust.trustOf(process)).toMatchObject({ trusted: false, cause: { ...cause(""), what }, origin: 1 });
    expect([trust.isTrusted(1), trust.isTrusted(2), trust.everUntrusted]).toEqual([false, false, 2]);
  });
});

const handle = fc.integer({ min: 0, max: 12 });
const step = fc.oneof(
  fc.record({ do: fc.constant("born" as const), process: handle, parent: handle }),
  fc.record({ do: fc.constant("died" as const), process: handle }),
  fc.record({ do: fc.constant("distrust" as const), process: handle }),
);

test("trust never rises, and a child of an untrusted process is never trusted", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 3 }), (steps, maxFallen) => {
      const trust = new Trust({ maxFallen });
      const lost = new Set<number>();
      for (const act of steps) {
        const parentLost = act.do === "born" && act.parent !== SUPERVISOR && !trust.isTrusted(act.parent);
        if (act.do === "born") trust.born(act.process, act.parent);
        else if (act.do === "died") trust.died(act.process);
        else trust.distrust(act.process, cause("off"));
        if (act.do === "distrust" || parentLost) lost.add(act.process);
        for (const process of lost) expect(trust.isTrusted(process)).toBe(false);
        for (let process = 1; process <= 12; process++)
          expect(trust.trustOf(process).trusted).toBe(trust.isTrusted(process));
      }
    }),
    { numRuns: 500 },
  );
});
