import { afterEach, describe, expect, it } from "vitest";
import { ahead, hearDate } from "./verifier-clock.ts";

const HERE = Date.parse("2026-11-27T12:00:00.000Z");

describe("the date of an answer", () => {
  afterEach(() => void (ahead.value = 0));

  it.each([
    ["Fri, 27 Nov 2026 12:00:01 GMT", 0],
    ["Fri, 27 Nov 2026 12:10:00 GMT", 600_450],
    ["Fri, 27 Nov 2026 11:50:00 GMT", -599_550],
    ["no date", 0],
    [null, 0],
  ])("%j says how far the verifier's clock is ahead: %i ms", (date, expected) => {
    hearDate(date, HERE, HERE + 100);
    expect(ahead.peek()).toBe(expected);
  });

  it("moves nothing where it differs from the last one by less than it can tell", () => {
    hearDate("Fri, 27 Nov 2026 12:10:00 GMT", HERE, HERE + 100);
    hearDate("Fri, 27 Nov 2026 12:10:01 GMT", HERE + 100, HERE + 900);
    expect(ahead.peek()).toBe(600_450);
  });

  it("does not go to and fro where the clocks are as far apart as it can tell", () => {
    const heard = ["03", "02", "03", "02", "00"].map((said) => {
      hearDate(`Fri, 27 Nov 2026 12:00:${said} GMT`, HERE, HERE + 100);
      return ahead.peek();
    });
    expect(heard).toStrictEqual([3_450, 3_450, 3_450, 3_450, 0]);
  });

  it("counts for nothing where the answer took long, or the browser's clock was set meanwhile", () => {
    hearDate("Fri, 27 Nov 2026 12:10:00 GMT", HERE, HERE + 60_000);
    hearDate("Fri, 27 Nov 2026 12:10:00 GMT", HERE, HERE - 60_000);
    expect(ahead.peek()).toBe(0);
  });
});
