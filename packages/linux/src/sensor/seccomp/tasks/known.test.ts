/** What is remembered of tasks and credentials is bounded, and a number that was given stands for one of them for good. */
import { type Digest, sha256 } from "@isoline/core/digest";
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

  it("of task identities, words for a person are cut where they are long, and the name that rules know a program by is not", () => {
    const known = new KnownIdentities(MOST);
    const name = "x".repeat(4000);
    const task: Task = {
      id: "1".repeat(64) as Digest,
      parent: "0".repeat(64) as Digest,
      images: [{ path: `/bin/${name}` }],
    };
    const { chain, program } = known.of(task, name, known.root);
    expect(chain).toEqual([`${"x".repeat(300)} (cut: 300 of 4000 letters)…`]);
    expect(program).toBe(name);
  });

  it("of task identities with long names, fewer", () => {
    const known = new KnownIdentities();
    const names = Array.from({ length: 5000 }, (_, index) => `${index}${"x".repeat(4000)}`);
    const numberOf = (name: string) =>
      known.of(
        { id: sha256(Buffer.from(name)), parent: "0".repeat(64) as Digest, images: [{ path: name }] },
        name,
        known.root,
      ).serial;
    const given = names.map(numberOf);
    expect(new Set(given).size).toBe(names.length);
    expect(numberOf(names.at(-1) as string)).toBe(given.at(-1));
    expect(given).not.toContain(numberOf(names[0] as string));
  });

  it("of credentials", () => {
    const known = new CredentialSerials(MOST);
    const own = readThreadStatus(process.pid) as ThreadStatus;
    const numberOf = (uid: number) => known.of({ ...own, credentials: { ...own.credentials, uid } }).serial;
    expect(numbersFrom(numberOf)).toEqual(ALL);
  });
});
