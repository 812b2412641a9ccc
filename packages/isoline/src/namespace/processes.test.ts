/** What is said of the processes of a namespace: in numbers to most who ask, as a list to who asks for it. */
import { serialize } from "node:v8";
import type { ActingProcess } from "@isoline/linux";
import { expect, it } from "vitest";
import { counted, isAmong, listed } from "./processes.ts";

const chain = Array.from({ length: 16 }, (_, at) => `program-${at}-${"x".repeat(100)}`);
const processes = Array.from(
  { length: 32_000 },
  (_, at) => ({ pid: 1000 + at, handle: at + 1, identity: { chain } }) as unknown as ActingProcess,
);
const cause = { reason: "off-contour", what: "opened /etc/shadow for reading" } as const;
const trust = {
  trustOf: (handle: number) =>
    handle <= 2 ? ({ trusted: false, cause, origin: 1 } as const) : ({ trusted: true } as const),
};

it("numbers take as little to send for thirty thousand processes as for none", () => {
  const numbers = counted(processes, trust);
  expect(numbers).toEqual({ processes: 32_000, untrusted: 2 });
  expect(serialize(numbers).length).toBeLessThan(100);
});

it("the list has the programs and the trust of each, of all or of one", () => {
  expect(listed(processes, trust)).toHaveLength(32_000);
  expect(listed(processes, trust, 1000)).toEqual([{ pid: 1000, chain, trusted: false, cause: cause.what }]);
  expect(listed(processes, trust, 1002)).toEqual([{ pid: 1002, chain, trusted: true }]);
  expect([isAmong(processes, 1002), isAmong(processes, 1)]).toEqual([true, false]);
});
