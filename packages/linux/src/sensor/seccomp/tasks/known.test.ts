/** What is remembered of tasks and credentials is bounded, and a number that was given stands for one of them for good. */
import type { Digest } from "@isoline/core/digest";
import type { Task } from "@isoline/core/identity";
import { describe, expect, it } from "vitest";
import { readThreadStatus, type ThreadStatus } from "../../../process/proc-status.ts";
import { CredentialSerials } from "./credential-serials.ts";
import { KnownIdentities } from "./known-identities.ts";

const MOST = 4;
const numbers = Array.from({ length: 20 }, (_, index) => index + 1);

function numberedOnce(numberOf: (each: number) => number): void {
  const first = numbers.map(numberOf);
  expect(new Set(first).size).toBe(numbers.length);
  // The last is still known; the first was forgotten, and has a number that no other had.
  expect(numberOf(20)).toBe(first.at(-1));
  expect(first).not.toContain(numberOf(1));
}

describe("what is remembered", () => {
  it("of task identities", () => {
    const known = new KnownIdentities(MOST);
    const taskOf = (id: number): Task => ({
      id: String(id).padStart(64, "0") as Digest,
      parent: "0".repeat(64) as Digest,
      images: [{ path: `/bin/${id}` }],
    });
    numberedOnce((id) => known.of(taskOf(id), "program", known.root).serial);
    expect(known.of(taskOf(0), "", known.root)).toBe(known.root);
  });

  it("of credentials", () => {
    const known = new CredentialSerials(MOST);
    const own = readThreadStatus(process.pid) as ThreadStatus;
    numberedOnce((uid) => known.of({ ...own, credentials: { ...own.credentials, uid } }).serial);
  });
});
