/** What it takes to say how much of further runs a large contour does not know yet, and to propose rules for it. */
import { join } from "node:path";
import { comparison, goal } from "./harness/comparison.mjs";
import { writeLargeEvidence } from "./harness/large-contour.mjs";
import { spend } from "./harness/spent.mjs";
import { median } from "./harness/statistics.mjs";

const POINTS = 100_000;
const RUNS = 64;
/** Seconds that each command may take. */
const asked = { confidence: 2, suggest: 10 };
const MOST_MEGABYTES = 300;

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "confidence and suggestions for a large contour",
  method: `isoline confidence and isoline suggest, both with --json, on a contour of 100 000 points, learnt in 64 runs of which each saw half of
the points and some that no other run saw. Time from the start of the program to its end by the clock and by the processors, and peak
resident memory.`,

  async run(session) {
    if (!session.has("everything", "gcc")) return [];
    const folder = session.folder("confidence");
    const contour = join(folder, "large.contour");
    writeLargeEvidence(contour, session.quick ? POINTS / 10 : POINTS, RUNS);
    return Object.entries(asked).flatMap(([command, seconds]) => measured(session, folder, command, contour, seconds));
  },
};

/**
 * @param {import("./harness/session.mjs").Session} session @param {string} folder @param {string} command @param {string} contour
 * @param {number} seconds
 */
function measured(session, folder, command, contour, seconds) {
  const name = `isoline ${command}`;
  const spent = Array.from({ length: session.rounds(5, 1) }, () =>
    spend(session, [session.isoline, command, "--json", contour], folder),
  );
  const time = spent.map((one) => one.seconds);
  const memory = spent.map(({ peakMegabytes }) => peakMegabytes);
  const what = `${command} on 100 000 points and 64 runs`;
  const goals = session.quick
    ? []
    : [
        goal(`${what}, time`, median(time), "at most", seconds, "s"),
        goal(`${what}, memory`, median(memory), "at most", MOST_MEGABYTES, "MB"),
      ];
  return [
    comparison({ what: `${name}: time`, unit: "s", figures: { [name]: time }, goals: goals.slice(0, 1) }),
    comparison({
      what: `${name}: processor time of all its threads`,
      unit: "s",
      figures: { [name]: spent.map(({ cpuSeconds }) => cpuSeconds) },
    }),
    comparison({
      what: `${name}: peak resident memory`,
      unit: "MB",
      figures: { [name]: memory },
      goals: goals.slice(1),
    }),
  ];
}
