import { describe, expect, it } from "vitest";
import { EINTR } from "../abi/errno.ts";
import { poll } from "../abi/libc.ts";
import { Moment } from "./moment.ts";

const LONG_MS = 20_000;
const wait = (milliseconds: number) => poll(Buffer.alloc(8), 0, milliseconds);

describe("a moment", () => {
  it("ends a call that waits, again and again, and none afterwards", () => {
    const moment = new Moment();
    const other = new Moment();
    const ends = [moment, other, moment].map((each) => each.within(() => wait(LONG_MS)));
    other.close();
    const later = moment.within(() => wait(LONG_MS));
    expect([...ends, later]).toEqual([-EINTR, -EINTR, -EINTR, -EINTR]);
    expect(wait(50)).toBe(0);
    moment.close();
  });

  it("does nothing to a call that does not wait", () => {
    const moment = new Moment();
    expect(moment.within(() => wait(0))).toBe(0);
    moment.close();
  });
});
