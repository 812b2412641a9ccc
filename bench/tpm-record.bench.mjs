/** What it costs to be recorded in a TPM: nothing on contour, and a wait before a first departure. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Recorder } from "../packages/isoline/dist/register/recorder.js";
import { comparison, goal } from "./harness/comparison.mjs";
import { inTurn } from "./harness/contest.mjs";
import { softwareTpm } from "./harness/software-tpm.mjs";
import { spend } from "./harness/spent.mjs";
import { median } from "./harness/statistics.mjs";
import { learning, RUN, running } from "./harness/supervisors.mjs";

const WITH_TPM = "isoline run --tpm";
const INNER = 5;
const DEPARTURE = "first departure of a process";

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "recorded in a TPM",
  method: `A swtpm on a Unix socket, and a ledger on the disk of the temporary directory. A repeated open is timed as in the latency of
a mediated call, with and without --tpm. A departure is timed from its order to the moment when it is on disk and in the TPM, as the
supervising thread waits for it.`,

  async run(session) {
    if (!session.has("everything", "gcc", "swtpm")) return [];
    const folder = session.folder("tpm");
    const { plan, end } = await softwareTpm(folder);
    try {
      return [await onContour(session, folder, plan), await departures(session, plan)];
    } finally {
      await end();
    }
  },
};

/** @typedef {{ address: string, ledger: string, pcr: number }} Plan */

/** @param {import("./harness/session.mjs").Session} session @param {string} folder @param {Plan} plan */
async function onContour(session, folder, { address, ledger }) {
  const contour = join(folder, "open.contour");
  const file = join(folder, "file");
  writeFileSync(file, "");
  const program = session.program("calls");
  const command = [program, "open", session.quick ? "500" : "2000", String(INNER), file];
  spend(session, learning(session, contour)([program, "open", "5", "1", file]), folder);
  /** @param {...string} options */
  const timed = (...options) => {
    const { output } = spend(session, running(session, contour, ...options)(command), folder);
    return median(output.trim().split("\n").slice(1).map(Number)) / 1000;
  };
  const figures = await inTurn(
    { [RUN]: () => timed(), [WITH_TPM]: () => timed("--tpm", address, "--tpm-ledger", ledger) },
    { rounds: session.rounds(9, 2), warmups: 0 },
  );
  const ratio = median(figures[WITH_TPM]) / median(figures[RUN]);
  return comparison({
    what: "open and close of one file, on contour",
    unit: "µs",
    figures,
    against: RUN,
    goals: [goal(`on contour: ${WITH_TPM} against ${RUN}`, ratio, "at most", 1.05, "times")],
  });
}

/** @param {import("./harness/session.mjs").Session} session @param {Plan} plan */
async function departures(session, plan) {
  const digest = new Uint8Array(32);
  const recorder = await Recorder.begin(plan, { label: "bench", mode: "watch", sensor: "seccomp", state: digest });
  let process = 0;
  const depart = () => {
    const before = performance.now();
    process += 1;
    if (!recorder.record({ kind: "departure", process, pid: process, point: digest }))
      throw new Error("the TPM did not take a departure in time");
    return performance.now() - before;
  };
  const figures = await inTurn({ [DEPARTURE]: depart }, { rounds: session.rounds(200, 20), warmups: 20 });
  recorder.close();
  return comparison({
    what: "wait of a call that is a first departure",
    unit: "ms",
    figures,
    goals: [goal("wait before a first departure, with swtpm", median(figures[DEPARTURE]), "at most", 2, "ms")],
  });
}
