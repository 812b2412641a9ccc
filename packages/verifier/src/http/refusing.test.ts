/** What a caller is told where the database could not do what was asked. */
import { describe, expect, it } from "vitest";
import { answerFor } from "./refusing.ts";

const fault = (code: string) => Object.assign(new Error("in the words of the database"), { code });

describe("a fault of the database", () => {
  it.each([
    ["is gone", "57P01"],
    ["took too long for a statement, or waited too long for others", "57014"],
    ["did not give a lock in time", "55P03"],
    ["ended a transaction that was silent", "25P03"],
    ["ended a transaction for another one", "40P01"],
    ["found no order for two transactions", "40001"],
  ])("that %s is to be asked again", (_, code) => {
    expect(answerFor(fault(code))).toMatchObject({ status: 503, code: "store-unreachable", again: 1 });
  });

  it("of any other kind is told in the log alone", () => {
    expect(answerFor(fault("42601"))).toEqual({
      ...{ status: 500, code: "internal", again: undefined },
      message: "the verifier failed; its log says why",
    });
  });
});
