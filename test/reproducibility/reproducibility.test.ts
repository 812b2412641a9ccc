/** Everyday workloads give one state, at any place and for any user. The harness that measures this can tell a difference. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { difference, isBuilt, missing } from "./experiment.mjs";
import { Origin, type Workload } from "./place.mjs";
import { at } from "./repetition.mjs";
import { everyday } from "./workloads/all.mjs";
import { isCI, isRoot } from "../support/machine.ts";

/** Only root can run as other users. */
const ann = isRoot ? { uid: 4101, environment: { USER: "ann", LOGNAME: "ann" } } : {};
const bob = isRoot ? { uid: 65_001, environment: { USER: "bob", LOGNAME: "bob", SHELL: "/bin/bash" } } : {};

/** These take half a minute together. */
const LONG = new Set(["compile", "npm ci", "git"]);

describe.skipIf(!isBuilt)("learnt twice from clean starts, checked at a third place for another user", () => {
  for (const workload of everyday) {
    const lacking = missing(workload).map((name) => ` (needs ${name})`);
    const unable = [...lacking, ...(!isCI && LONG.has(workload.name) ? [" (only in CI)"] : [])];
    it.skipIf(unable.length > 0)(`${workload.name}${unable.join("")}`, async () => {
      const origin = await Origin.of(workload);
      try {
        const [first, second] = [await at(origin, 0, workload, ann), await at(origin, 1, workload, ann)];
        expect(difference(first, second)).toEqual([]);
        expect(second.state).toBe(first.state);
        const third = await at(origin, 2, workload, { ...bob, does: "check", against: first });
        expect(third.report.departures).toEqual([]);
        expect(third).toMatchObject({ status: 0, stderr: "" });
      } finally {
        origin.remove();
      }
    });
  }
});

describe.skipIf(!isBuilt)("a workload that differs", () => {
  const reader: Workload = {
    name: "reader",
    says: "reads the file that its environment names",
    programs: ["sh"],
    prepare(cwd) {
      for (const name of ["one", "other"]) writeFileSync(join(cwd, name), `# ${name}\n`);
    },
    command: ["sh", "-c", '. "./$WHICH"'],
  };
  const reads = (name: string) => ({ environment: { WHICH: name } });
  let origin: Origin;
  beforeAll(async () => {
    origin = await Origin.of(reader);
  });
  afterAll(() => origin.remove());

  it("is reported with its differences, and by check", async () => {
    const one = await at(origin, 0, reader, reads("one"));
    const other = await at(origin, 1, reader, reads("other"));
    expect(other.state).not.toBe(one.state);
    expect(difference(one, other)).toEqual([
      expect.stringMatching(/^- \S+~\w+ as .*: open access=read path=\$CWD\/one /),
      expect.stringMatching(/^\+ \S+~\w+ as .*: open access=read path=\$CWD\/other /),
    ]);
    const checked = await at(origin, 2, reader, { ...reads("other"), does: "check", against: one });
    expect(checked.status).toBe(3);
    expect(checked.report.departures.map(({ act }) => act)).toEqual([expect.stringContaining("path=$CWD/other ")]);
  });

  it("that fails is not measured", async () => {
    await expect(at(origin, 0, reader, reads("nothing"))).rejects.toThrow("reader ended with status 2");
  });
});
