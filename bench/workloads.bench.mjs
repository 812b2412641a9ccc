/** Whole workloads: bare, under isoline in each mode, under strace. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { comparison, goal, written } from "./harness/comparison.mjs";
import { inTurn } from "./harness/contest.mjs";
import { spend } from "./harness/spent.mjs";
import { median } from "./harness/statistics.mjs";
import {
  BARE,
  bare,
  ENFORCE,
  LEARN,
  learning,
  other,
  RUN,
  running,
  STRACE_ALL,
  STRACE_SAME,
  straces,
} from "./harness/supervisors.mjs";
import { compile } from "./workloads/compile.mjs";
import { git } from "./workloads/git.mjs";
import { install } from "./workloads/install.mjs";
import { server } from "./workloads/server.mjs";
import { shell } from "./workloads/shell.mjs";

/** @typedef {import("./harness/session.mjs").Session} Session */

/**
 * A real workload, as the benchmark uses it.
 *
 * @typedef {object} Workload
 * @property {string} name
 * @property {(session: import("./harness/session.mjs").Session) => string} what
 * @property {readonly string[]} needs programs that must be installed
 * @property {(session: import("./harness/session.mjs").Session, store: string) => void | Promise<void>} prepare creates once
 * what the workload needs, in a folder of its own that is not changed afterwards
 * @property {(folder: string, store: string) => void} [lay] copies the files that a run starts with into its empty folder
 * @property {(session: import("./harness/session.mjs").Session, store: string) => readonly string[]} command run in that folder
 */

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "whole workloads",
  method: `Each run starts with the same files in the same empty folder. The clock runs from the start of the command line to the end of
the last process, so isoline's start-up and the writing of the contour count. Contours are learnt in two runs beforehand.`,

  async run(session) {
    if (!session.has("everything", "gcc")) return [];
    const measured = [];
    for (const workload of [compile, install, git, shell, server]) {
      if (session.has(workload.name, ...workload.needs)) measured.push(await compare(session, workload));
    }
    return measured;
  },
};

/** @param {Session} session @param {Workload} workload */
async function compare(session, workload) {
  session.say(workload.name);
  const store = session.folder(`${workload.name}-store`);
  await workload.prepare(session, store);
  const contour = join(store, "bench.contour");
  const report = join(store, "report.json");
  const command = workload.command(session, store);
  const once = (/** @type {(command: readonly string[]) => readonly string[]} */ wrap) => {
    const folder = session.folder(`${workload.name}-run`);
    workload.lay?.(folder, store);
    return spend(session, wrap(command), folder);
  };
  once(learning(session, contour));
  once(learning(session, contour, "--merge"));
  once(running(session, contour, "--report", report));
  const { events, off, incomplete } = JSON.parse(readFileSync(report, "utf8"));

  const wrappings = {
    [BARE]: bare,
    [LEARN]: learning(session, join(store, "new.contour")),
    [RUN]: running(session, contour),
    [ENFORCE]: running(session, contour, "--enforce"),
    ...other(session, contour),
    ...(await straces(session)),
  };
  /** @type {string[]} */
  const notes = [
    `${written(events)} mediated calls, ${incomplete.length === 0 ? "none lost" : `lost: ${JSON.stringify(incomplete)}`}; ${off} off contour`,
  ];
  /** @type {Map<string, number[]>} */
  const processor = new Map();
  /** @type {Record<string, number[]>} */
  const tried = {};
  /** @type {Record<string, () => number>} */
  const contenders = {};
  for (const [name, wrap] of Object.entries(wrappings)) {
    contenders[name] = () => {
      const spent = once(wrap);
      processor.set(name, [...(processor.get(name) ?? []), spent.cpuSeconds]);
      return spent.seconds * 1000;
    };
    try {
      tried[name] = [contenders[name]()];
    } catch (fault) {
      delete contenders[name];
      notes.push(`${name}: not measured, the workload failed under it (${firstLine(fault)})`);
    }
  }
  // What was tried first is only counted where nothing else will be.
  const rounds = session.rounds(4, 0);
  if (rounds > 0) processor.clear();
  const figures = rounds > 0 ? await inTurn(contenders, { rounds, warmups: 0 }) : tried;
  const cpu = [...processor].map(([name, seconds]) => `${name} ${written(median(seconds))} s`);
  notes.push(`processor time: ${cpu.join("; ")}`);
  return comparison({
    what: workload.what(session),
    unit: "ms",
    figures,
    against: BARE,
    goals: goalsOf(workload, figures),
    notes,
  });
}

/** @param {Workload} workload @param {Record<string, readonly number[]>} figures */
function goalsOf({ name }, figures) {
  return [STRACE_ALL, STRACE_SAME].flatMap((contender) => {
    const [own, theirs] = [figures[RUN], figures[contender]];
    if (own === undefined || theirs === undefined) return [];
    const what = `${name}: ${RUN} against ${contender}`;
    const ratio = median(own) / median(theirs);
    return [
      contender === STRACE_ALL
        ? goal(what, ratio, "below", 1, "× the time")
        : goal(what, ratio, "at most", 1.1, "× the time"),
    ];
  });
}

/** @param {unknown} fault */
const firstLine = (fault) => (fault instanceof Error ? fault.message : String(fault)).split("\n").slice(0, 2).join(" ");
