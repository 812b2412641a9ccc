/** The bpf sensor under new events at an even pace, and the time that it takes to attach. */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { comparison, goal, written } from "./harness/comparison.mjs";
import { bestAttachment, startsWarm } from "./harness/bpf-programs.mjs";
import { spend } from "./harness/spent.mjs";
import { median } from "./harness/statistics.mjs";
import { learning, RUN, running } from "./harness/supervisors.mjs";

/** @typedef {import("./harness/session.mjs").Session} Session */
/** @typedef {import("./harness/supervisors.mjs").Wrapping} Wrapping */

const A_SECOND = 50_000;
const BPF = ["--sensor", "bpf"];

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "the bpf sensor under events it never saw",
  method: `A static C program makes ${written(A_SECOND)} new events a second, at an even pace: it opens as many names of one
file on a tmpfs, or connects a datagram socket to as many addresses of the loopback interface. Watched, each is a departure, of
which the first ten thousand are kept and the others counted. Learnt, each is a point by which the contour grows, so that memory
has no bound. The processor time of the supervisor is that of all its processes and threads, less a start and end with
one event; what the BPF programs take is in the program's own. Opens are watched for the whole time, the others for a sixth of it.`,

  async run(session) {
    if (!session.has("everything", "gcc")) return [];
    const attachment = await bestAttachment();
    if ("missing" in attachment) {
      session.skip("everything", attachment.missing);
      return [];
    }
    return [await starts(session, attachment.name), await flood(session, attachment.name)];
  },
};

/** @param {Session} session @param {"lsm" | "fmod_ret" | "tracepoints"} attachment */
async function starts(session, attachment) {
  const { loads, joins } = await startsWarm(attachment, session.rounds(9, 2));
  return comparison({
    what: `a namespace begins, attached by ${attachment}, warm`,
    unit: "ms",
    figures: { "the first loads and attaches": loads, "the next opens what is pinned": joins },
    goals: [
      goal(`load + attach, warm, ${attachment}`, median(loads), "at most", 100, "ms"),
      goal(`joining what is loaded, ${attachment}`, median(joins), "at most", 100, "ms"),
    ],
  });
}

/** @typedef {{ events: number, lost: number, processor: number, own: number, peak: number, pace: number }} Flooded */

/** @param {Session} session @param {string} attachment */
async function flood(session, attachment) {
  const seconds = session.quick ? 4 : 60;
  const part = Math.max(1, seconds / 6);
  const folder = session.folder("flood");
  const names = join(folder, "names");
  const contour = join(folder, "one.contour");
  const program = session.program("novel");
  const one = [program, "connect", "1", "1000"];
  spend(session, learning(session, contour, ...BPF)(one), folder);
  const idle = median([1, 2, 3].map(() => spend(session, running(session, contour, ...BPF)(one), folder).cpuSeconds));
  /** @type {Record<string, Flooded>} */
  const flooded = {};
  const measure = (
    /** @type {string} */ name,
    /** @type {Wrapping} */ wrap,
    /** @type {string} */ what,
    /** @type {number} */ time,
  ) => {
    session.say(`${name}, for ${time} s`);
    try {
      flooded[name] = under(session, wrap, [program, what, String(time * A_SECOND), String(A_SECOND)], names, idle);
    } catch (fault) {
      session.skip(name, fault instanceof Error ? fault.message : String(fault));
    }
  };
  const report = ["--report", join(names, "../report.json")];
  const learnt = (/** @type {string} */ name) => learning(session, join(folder, `${name}.contour`), ...BPF, ...report);
  const watched = running(session, contour, ...BPF, ...report);
  layNames(names, program, seconds * A_SECOND);
  try {
    measure("opens, isoline run", watched, "open", seconds);
    measure("opens, isoline learn", learnt("opens"), "open", part);
    measure("connections, isoline run", watched, "connect", part);
    measure("connections, isoline learn", learnt("connections"), "connect", part);
  } finally {
    unlay(names);
  }
  const entries = Object.entries(flooded);
  return comparison({
    what: `${written(A_SECOND)} events a second that are all new, attached by ${attachment}`,
    unit: "µs of processor time of the supervisor an event",
    figures: Object.fromEntries(entries.map(([name, { processor }]) => [name, [processor]])),
    goals: entries.flatMap(([name, { lost, processor, peak, events }]) => [
      goal(`${name}, ${written(A_SECOND)} new a second: lost of ${written(events)}`, lost, "at most", 0, ""),
      goal(`${name}, new: supervisor`, processor, "at most", 10, "µs an event"),
      ...(name.endsWith(RUN) ? [goal(`${name}, new: memory of the supervisor`, peak, "at most", 120, "MB")] : []),
    ]),
    notes: entries.map(
      ([name, { events, lost, own, peak, pace }]) =>
        `${name}: ${written(events)} events at ${written(pace)} a second, ${written(lost)} lost; the program itself took ${written(own)} µs an event; the supervisor had at most ${written(peak)} MB`,
    ),
  });
}

/**
 * @param {Session} session @param {Wrapping} wrap @param {readonly string[]} command @param {string} cwd
 * @param {number} idle @returns {Flooded}
 */
function under(session, wrap, command, cwd, idle) {
  const { cpuSeconds, peakMegabytes, output } = spend(session, wrap(command), cwd);
  const [nanoseconds = 0, own = 0] = output.trim().split(" ").map(Number);
  const { incomplete } = JSON.parse(readFileSync(join(cwd, "../report.json"), "utf8"));
  const lost = incomplete.reduce(
    (/** @type {number} */ sum, /** @type {{ count: number }} */ { count }) => sum + count,
    0,
  );
  const events = Number(command[2]);
  return {
    events,
    lost,
    processor: ((cpuSeconds - idle) * 1e6 - own) / Math.max(1, events - lost),
    own: own / events,
    peak: peakMegabytes,
    pace: events / (nanoseconds / 1e9),
  };
}

/**
 * On a tmpfs of their own, because so many names need more inodes than usual.
 *
 * @param {string} folder @param {string} program @param {number} count
 */
function layNames(folder, program, count) {
  said("mkdir", [folder]);
  said("mount", ["-t", "tmpfs", "-o", "nr_inodes=0,mode=755", "tmpfs", folder]);
  said(program, ["lay", String(count)], folder);
}

/** @param {string} folder */
function unlay(folder) {
  said("umount", ["--lazy", folder]);
  rmSync(folder, { recursive: true, force: true });
}

/** @param {string} program @param {readonly string[]} words @param {string} [cwd] */
function said(program, words, cwd) {
  const { status, stderr } = spawnSync(program, words, { encoding: "utf8", ...(cwd === undefined ? {} : { cwd }) });
  if (status !== 0) throw new Error(`${program} ${words.join(" ")}: status ${status} ${stderr}`);
}
