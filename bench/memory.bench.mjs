/** Resident memory of the supervisor, at its highest. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { comparison, goal } from "./harness/comparison.mjs";
import { inTurn } from "./harness/contest.mjs";
import { writeLargeContour } from "./harness/large-contour.mjs";
import { spend } from "./harness/spent.mjs";
import { median } from "./harness/statistics.mjs";
import { learning, running } from "./harness/supervisors.mjs";

const LOADED = "100 000 points loaded";
const LEARNT = "100 000 new points learnt";

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "memory of the supervisor",
  method: `Peak resident memory of the supervising process, with all its threads and the runtime, as the kernel accounts it when the
process has ended. Loaded: a contour is read and /bin/true runs under it; what that does is off contour, which takes memory too.
New points: a C program opens as many different files while learning; off contour: the same under a contour that contains none of them.`,

  async run(session) {
    if (!session.has("everything", "gcc")) return [];
    const folder = session.folder("memory");
    const count = session.quick ? 5000 : 100_000;
    const tiny = join(folder, "tiny.contour");
    const large = join(folder, "large.contour");
    const files = session.folder("memory-files");
    for (let file = 0; file < count; file++) writeFileSync(join(files, String(file)), "");
    spend(session, learning(session, tiny)(["/bin/true"]), folder);
    writeLargeContour(large, 100_000);

    const many = [session.program("many"), String(count)];
    const fresh = join(folder, "learnt.contour");
    const peak = (/** @type {readonly string[]} */ command) => () => spend(session, command, files).peakMegabytes;
    const text = count === 100_000 ? "100 000" : String(count);
    const learnt = count === 100_000 ? LEARNT : `${text} new points learnt`;
    const figures = await inTurn(
      {
        "a few points loaded": peak(running(session, tiny)(["/bin/true"])),
        [LOADED]: peak(running(session, large)(["/bin/true"])),
        [learnt]: peak(learning(session, fresh)(many)),
        [`${text} departures`]: peak(running(session, tiny)(many)),
      },
      { rounds: session.rounds(5, 1), warmups: 0 },
    );
    const reach = (/** @type {string} */ what) =>
      goal(`memory of the supervisor, ${what}`, median(figures[what] ?? []), "at most", 120, "MB");
    return [
      comparison({
        what: "peak resident memory",
        unit: "MB",
        figures,
        goals: [reach(LOADED), ...(learnt === LEARNT ? [reach(LEARNT)] : [])],
      }),
    ];
  },
};
