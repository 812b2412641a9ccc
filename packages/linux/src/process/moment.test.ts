import { describe, expect, it } from "vitest";
import { EINTR } from "../abi/errno.ts";
import { poll } from "../abi/libc.ts";
import { endMoments, prepareMoments, withinMoment } from "./moment.ts";

const LONG_MS = 20_000;
const wait = (milliseconds: number) => poll(Buffer.alloc(8), 0, milliseconds);

describe("a moment", () => {
  it("ends a call that waits, again and again, and none afterwards", () => {
    const ends = Array.from({ length: 3 }, () => {
      prepareMoments();
      return withinMoment(() => wait(LONG_MS));
    });
    endMoments();
    expect([...ends, withinMoment(() => wait(LONG_MS))]).toEqual([-EINTR, -EINTR, -EINTR, -EINTR]);
    expect(wait(50)).toBe(0);
    endMoments();
    endMoments();
  });

  it("does nothing to a call that does not wait", () => {
    prepareMoments();
    expect(withinMoment(() => wait(0))).toBe(0);
    endMoments();
  });
});
