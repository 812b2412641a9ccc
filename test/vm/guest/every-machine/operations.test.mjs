/** Every case of the table in `test/sensor` under the bpf sensor: the same events, or a difference with a reason. */
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { cases, casesMissing, lines, packed } from "../cases.mjs";
import { differences } from "../differences.mjs";

const skip = casesMissing();

test("every system call is seen as the seccomp sensor sees it, or differently for a stated reason", {
  skip,
}, async (t) => {
  const { matches, runCases, slug, probe } = await packed();
  const all = await cases();
  const ran = await runCases(all, { sensor: "bpf", probe });
  equal(ran.outcome.report.guesses, 0);
  const unused = Object.keys(differences).filter((does) => !all.some((each) => each.does === does));
  deepEqual(unused, []);
  for (const { does, events, told } of all) {
    const expected = differences[does]?.events ?? events;
    const seen = ran.events.get(slug(does)) ?? [];
    const shown = seen.map((act, index) => (expected[index] && matches(act, expected[index]) ? expected[index] : act));
    const workload = lines(ran.output.get(slug(does)));
    // If a case expects a result of the seccomp sensor, and this sensor differs, the kernel's own result counts.
    const answer = told === undefined || differences[does] ? ran.native.get(slug(does)) : told;
    await t.test(does, () => deepEqual({ events: shown, told: workload }, { events: expected, told: lines(answer) }));
  }
});
