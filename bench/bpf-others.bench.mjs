/** The cost of an open under the bpf sensor and under other programs that report opens, and how many opens each loses. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { comparison, written } from "./harness/comparison.mjs";
import { inTurn } from "./harness/contest.mjs";
import { bestAttachment } from "./harness/bpf-programs.mjs";
import { observers } from "./harness/observers.mjs";
import { spend } from "./harness/spent.mjs";
import { median } from "./harness/statistics.mjs";
import { BARE, bare, LEARN, learning, RUN, running, STRACE_SAME, straces } from "./harness/supervisors.mjs";

/** @typedef {import("./harness/session.mjs").Session} Session */
/** @typedef {import("./harness/supervisors.mjs").Wrapping} Wrapping */

const INNER = 10;
const WARM = 2;

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "the bpf sensor beside other observers",
  method: `A static C program opens and closes one file over and over, ${INNER} inner rounds, the first ${WARM} of which are discarded.
The fanotify listener is a short C program that watches this one file: once with notification events, where equal events in the
queue are merged, and once with permission events. auditd writes the opens of this one program to a file, bpftrace prints the path
of each open to a file, strace runs as in the workloads. Losses are those that the observer or the kernel reports. The number of
opens that the observer received in the last round stands beside them, where it can be counted.`,

  async run(session) {
    if (!session.has("everything", "gcc")) return [];
    const attachment = await bestAttachment();
    if ("missing" in attachment) {
      session.skip("everything", attachment.missing);
      return [];
    }
    return [await opens(session, attachment.name)];
  },
};

/** @param {Session} session @param {string} attachment */
async function opens(session, attachment) {
  const folder = session.folder("others");
  const file = join(folder, "file");
  const contour = join(folder, "open.contour");
  const report = join(folder, "report.json");
  const times = session.quick ? 500 : 5000;
  const program = session.program("calls");
  const command = [program, "open", String(times), String(INNER), file];
  writeFileSync(file, "");
  spend(session, learning(session, contour, "--sensor", "bpf")([program, "open", "5", "1", file]), folder);
  const once = (/** @type {Wrapping} */ wrap) => microseconds(spend(session, wrap(command), folder).output);
  /** @type {Record<string, string>} */
  const heard = {};
  const bySensor = (/** @type {string} */ name, /** @type {Wrapping} */ wrap) => () => {
    const figure = once(wrap);
    const { incomplete } = JSON.parse(readFileSync(report, "utf8"));
    const lost = incomplete.reduce(
      (/** @type {number} */ sum, /** @type {{ count: number }} */ { count }) => sum + count,
      0,
    );
    heard[name] = `${name}: every open decided; lost: ${lost === 0 ? "none by the kernel's count" : written(lost)}`;
    return figure;
  };
  const fresh = join(folder, "new.contour");
  /** @type {Record<string, () => number | Promise<number>>} */
  const contenders = {
    [BARE]: () => once(bare),
    [LEARN]: bySensor(LEARN, learning(session, fresh, "--sensor", "bpf", "--report", report)),
    [RUN]: bySensor(RUN, running(session, contour, "--sensor", "bpf", "--report", report)),
  };
  for (const { name, begin } of observers) {
    const beside = async () => {
      const observing = await begin(session, program, file);
      let figure = 0;
      try {
        figure = once(bare);
      } finally {
        const { heard: count, lost } = await observing.stop();
        heard[name] = `${name}: heard of ${written(count)} of ${written(times * INNER)} opens; lost: ${lost}`;
      }
      return figure;
    };
    session.say(name);
    try {
      await beside();
      contenders[name] = beside;
    } catch (fault) {
      session.skip(name, fault instanceof Error ? fault.message : String(fault));
    }
  }
  for (const [name, wrap] of Object.entries(await straces(session, STRACE_SAME))) {
    contenders[name] = () => once(wrap);
    heard[name] = `${name}: every call waits for it; lost: none`;
  }
  const figures = await inTurn(contenders, { rounds: session.rounds(3, 1), warmups: 0 });
  return comparison({
    what: `open and close of one file under other observers; the sensor attached by ${attachment}`,
    unit: "µs",
    figures,
    against: BARE,
    notes: Object.values(heard),
  });
}

/** @param {string} output nanoseconds, a line for each inner round */
function microseconds(output) {
  return median(output.trim().split("\n").map(Number).slice(WARM)) / 1000;
}
