/** What it costs a process to lose its trust, where the policy then gives it a processor of its own. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { comparison } from "./harness/comparison.mjs";
import { inTurn } from "./harness/contest.mjs";
import { spend } from "./harness/spent.mjs";
import { learning, running } from "./harness/supervisors.mjs";

const PLAIN = "no mitigation";
const OWN_CPUS = "own-cpus";

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "mitigations: the call that costs a process its trust",
  method: `A process opens one file that its contour does not have, under \`isoline run\`. The call is timed by the process itself, from
before it until its answer; meanwhile the supervisor explains the departure and, with \`own-cpus\`, moves the process to a cpuset. The
mitigations for trusted processes have no cost here that could be measured: see docs/mitigations.md for what the machine offers.`,

  run(session) {
    const folder = session.folder("mitigations");
    const program = session.program("calls");
    const [known, unknown] = [join(folder, "known"), join(folder, "unknown")];
    for (const file of [known, unknown]) writeFileSync(file, "");
    const policies = { [PLAIN]: "{}\n", [OWN_CPUS]: "mitigations: { untrusted: [own-cpus], required: true }\n" };
    /** @type {Record<string, () => number>} */
    const contenders = {};
    for (const [name, policy] of Object.entries(policies)) {
      const [lens, contour] = [join(folder, `${name}.yaml`), join(folder, `${name}.contour`)];
      writeFileSync(lens, policy);
      spend(session, learning(session, contour, "--lens", lens)([program, "open", "1", "1", known]), folder);
      const watched = running(session, contour)([program, "open", "1", "1", unknown]);
      contenders[name] = () => Number(spend(session, watched, folder).output) / 1e6;
    }
    return measured(session, contenders);
  },
};

/** @param {import("./harness/session.mjs").Session} session @param {Record<string, () => number>} contenders */
async function measured(session, contenders) {
  const figures = await inTurn(contenders, { rounds: session.rounds(25, 2), warmups: 1 });
  return [comparison({ what: "an open that departs", unit: "ms", figures, against: PLAIN, goals: [] })];
}
