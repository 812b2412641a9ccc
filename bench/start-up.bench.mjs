/** The time from the moment a shell would start isoline to the first instruction of the workload. */
import { join } from "node:path";
import { comparison, goal } from "./harness/comparison.mjs";
import { inTurn } from "./harness/contest.mjs";
import { writeLargeContour } from "./harness/large-contour.mjs";
import { spend } from "./harness/spent.mjs";
import { median } from "./harness/statistics.mjs";
import { BARE, bare, LEARN, learning, other, RUN, running, STRACE_SAME, straces } from "./harness/supervisors.mjs";

const LARGE = 100_000;
const RUN_LARGE = "isoline run, 100 000 points";

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "start-up before the workload's first instruction",
  method: `A C program prints the time as soon as it runs. Subtracted is the time that the starting process read from the same clock
(CLOCK_MONOTONIC) before it started the command line.`,

  async run(session) {
    if (!session.has("everything", "gcc")) return [];
    const folder = session.folder("start-up");
    const command = [session.program("moment")];
    const contour = join(folder, "moment.contour");
    const large = join(folder, "large.contour");
    spend(session, learning(session, contour)(command), folder);
    writeLargeContour(large, LARGE);
    const wrappings = {
      [BARE]: bare,
      [LEARN]: learning(session, join(folder, "new.contour")),
      [RUN]: running(session, contour),
      [RUN_LARGE]: running(session, large),
      ...other(session, contour),
      ...(await straces(session, STRACE_SAME)),
    };
    const contenders = Object.entries(wrappings).map(([name, wrap]) => [
      name,
      () => {
        const before = process.hrtime.bigint();
        return (Number(spend(session, wrap(command), folder).output) - Number(before)) / 1e6;
      },
    ]);
    const figures = await inTurn(Object.fromEntries(contenders), { rounds: session.rounds(15, 3) });
    return [
      comparison({
        what: "time to the first instruction",
        unit: "ms",
        figures,
        against: BARE,
        tell: "difference",
        goals: [goal(`start-up of ${RUN}`, median(figures[RUN] ?? []), "at most", 150, "ms")],
      }),
    ];
  },
};
