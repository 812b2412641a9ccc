import type { Digest } from "@isoline/core/digest";
import { deriveTask, programName } from "@isoline/core/identity";
import { expect, test } from "vitest";
import { Identities, UNTOLD } from "./identities.ts";
import { ProcessTable } from "./processes.ts";
import { fates, PENDING } from "./record.ts";
import { Successions } from "./successions.ts";

const REFUSED = 1;

/** A process that asks for execs, and what is noted of them for the next supervisor. */
function begun() {
  const notes: string[] = [];
  const identities = new Identities();
  const process = new ProcessTable().add(1, 4711, 0, identities.root);
  const successions = new Successions(
    {
      taskOf: (parent, images, _, call) => {
        const task = deriveTask(parent.id, images, call);
        return { task, program: programName(task) };
      },
    },
    identities,
    { journal: { append: (line) => notes.push(line) > 0 }, assign: () => true },
  );
  const exec = (fate: number, path: string, verdict: number, number = 0) => {
    const images = [{ path, digest: "0".repeat(64) as Digest }] as const;
    return successions.after({ fate, tid: 4711, pending: PENDING + number }, process, { images, call: {} }, verdict);
  };
  return { exec, notes, identities };
}

test("execs that are refused leave nothing behind, however many there are", () => {
  const { exec, notes, identities } = begun();
  const before = identities.count;
  for (let more = 0; more < 1000; more++)
    for (const fate of [fates.held, fates.refused, fates.refusedUndecided])
      expect(exec(fate, `/bin/${more}`, REFUSED)).toBeUndefined();
  expect(identities.count).toBe(before);
  expect(notes).toEqual([]);
});

test("an exec that is permitted has an identity, which is noted once, also where it was refused before", () => {
  const { exec, notes, identities } = begun();
  exec(fates.held, "/bin/cat", REFUSED);
  const next = exec(fates.held, "/bin/cat", 0) as number;
  expect(identities.numbered(next).program).toBe("cat");
  expect(exec(fates.held, "/bin/cat", 0)).toBe(next);
  expect(notes).toHaveLength(1);
});

test("an exec that went on before it was decided has an identity, though it would have been refused", () => {
  const { exec, notes, identities } = begun();
  expect(identities.numbered(PENDING + 3)).toBe(UNTOLD);
  exec(fates.wentOn, "/bin/cat", REFUSED, 3);
  expect(identities.numbered(PENDING + 3).program).toBe("cat");
  expect(notes).toHaveLength(1);
});
