/** What it takes to say how much of further runs a large contour does not know yet. */
import { join } from "node:path";
import { comparison, goal } from "./harness/comparison.mjs";
import { writeLargeEvidence } from "./harness/large-contour.mjs";
import { spend } from "./harness/spent.mjs";
import { median } from "./harness/statistics.mjs";

const POINTS = 100_000;
const RUNS = 64;

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "confidence in a large contour",
  method: `isoline confidence --json on a contour of 100 000 points, learnt in 64 runs of which each saw half of the points and some that no
other run saw. Time from the start of the program to its end by the clock and by the processors, and peak resident memory.`,

  async run(session) {
    if (!session.has("everything", "gcc")) return [];
    const folder = session.folder("confidence");
    const contour = join(folder, "large.contour");
    writeLargeEvidence(contour, session.quick ? POINTS / 10 : POINTS, RUNS);
    const rounds = session.rounds(7, 1);
    const spent = Array.from({ length: rounds }, () =>
      spend(session, [session.isoline, "confidence", "--json", contour], folder),
    );
    const figures = { "isoline confidence": spent.map(({ seconds }) => seconds) };
    const memory = { "isoline confidence": spent.map(({ peakMegabytes }) => peakMegabytes) };
    const reach = (
      /** @type {string} */ what,
      /** @type {readonly number[]} */ own,
      /** @type {number} */ most,
      /** @type {string} */ unit,
    ) =>
      session.quick
        ? []
        : [goal(`confidence of 100 000 points and 64 runs, ${what}`, median(own), "at most", most, unit)];
    return [
      comparison({ what: "time", unit: "s", figures, goals: reach("time", figures["isoline confidence"], 2, "s") }),
      comparison({
        what: "processor time of all its threads",
        unit: "s",
        figures: { "isoline confidence": spent.map(({ cpuSeconds }) => cpuSeconds) },
      }),
      comparison({
        what: "peak resident memory",
        unit: "MB",
        figures: memory,
        goals: reach("memory", memory["isoline confidence"], 300, "MB"),
      }),
    ];
  },
};
