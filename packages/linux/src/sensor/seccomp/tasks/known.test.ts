/** What is remembered of tasks and credentials is bounded, and a number that was given stands for one of them for good. */
import type { Digest } from "@isoline/core/digest";
import type { Task } from "@isoline/core/identity";
import { describe, expect, it } from "vitest";
import { readThreadStatus, type ThreadStatus } from "../../../process/proc-status.ts";
import { CredentialSerials } from "./credential-serials.ts";
import { KnownIdentities } from "./known-identities.ts";

const MOST = 4;
const numbers = Array.from({ length: 20 }, (_, index) => index + 1);

/** Numbers all of them, and the first and the last once more. */
function numbersFrom(numberOf: (each: number) => number) {
  const given = numbers.map(numberOf);
  const [last, first] = [numberOf(20), numberOf(1)];
  return { different: new Set(given).size, isLastKnown: last === given.at(-1), isFirstAnew: !given.includes(first) };
}

const ALL = { different: numbers.length, isLastKnown: true, isFirstAnew: true };

describe("what is remembered", () => {
  it("of task identities", () => {
    const known = new KnownIdentities(MOST);
    const taskOf = (id: number): Task => ({
      id: String(id).padStart(64, "0") as Digest,
      parent: "0".repeat(64) as Digest,
      images: [{ path: `/bin/${id}` }],
    });
    expect(numbersFrom((id) => known.of(taskOf(id), "program", known.root).serial)).toEqual(ALL);
    expect(known.of(taskOf(0), "", known.root)).toBe(known.root);
  });

  it("of credentials", () => {
    const known = new CredentialSerials(MOST);
    const own = readThreadStatus(process.pid) as ThreadStatus;
    const numberOf = (uid: number) => known.of({ ...own, credentials: { ...own.credentials, uid } }).serial;
    expect(numbersFrom(numberOf)).toEqual(ALL);
  });
});
