/** The bpf sensor attached by BPF LSM, in a virtual machine whose kernel allows it. */
import { chmodSync, copyFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { repository } from "../tools/run.mjs";
import { comparison, goal, written } from "./harness/comparison.mjs";
import { machineModule } from "./harness/stock-kernel.mjs";
import { median, quantile } from "./harness/statistics.mjs";
import { BARE } from "./harness/supervisors.mjs";

/** @typedef {import("./harness/session.mjs").Session} Session */
/** @typedef {Awaited<ReturnType<typeof machineModule>>} Machines */

const HELD = {
  open: "an unknown open of a file that was hashed before",
  connect: "a connection of a datagram socket to a port that is on the contour, each time",
  move: "a move that is on the contour, each time",
};
const OUTSIDE = "in no namespace, beside one";
const INSIDE = "in a namespace, decided in the kernel";
const STOPPED = "held, stopped and woken";
const WAITED = "held, never off its processor";
const LIMIT_SECONDS = 280;
/** The first acts that are held: for these the content is hashed, and the code of the supervisor compiled. */
const FIRST = 10;

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "the bpf sensor at the kernel's own hooks",
  method: `Debian's kernel in a virtual machine under software emulation (the one of \`npm run test:vm\`), with \`bpf\` in \`lsm=\`. Opens
are timed in a machine with one processor, whose clock advances one nanosecond with each instruction it executes. So the figures
count instructions, are the same on every host and under any load, and say nothing about caches. Holds are timed in a machine with
two processors and a clock of its own, some 25 times as slow as the host: compare them with the bare act in the same machine.`,

  async run(session) {
    if (!session.has("everything", "gcc")) return [];
    const machines = await machineModule(session.scratch);
    return [
      ...(await tried(session, "opens at lsm/", () => opens(session, machines))),
      ...(await tried(session, "held acts at lsm/", () => holds(session, machines))),
    ];
  },
};

/**
 * A machine that fails is skipped; the measurements of the others go on.
 *
 * @param {Session} session @param {string} what
 * @param {() => Promise<import("./harness/comparison.mjs").Comparison[]>} measure
 */
async function tried(session, what, measure) {
  session.say(what);
  try {
    return await measure();
  } catch (fault) {
    session.skip(what, fault instanceof Error ? fault.message : String(fault));
    return [];
  }
}

/** @param {Session} session @param {Machines} machines */
async function opens(session, machines) {
  const words = session.quick ? ["500", "4"] : ["2000", "12"];
  const told = await inMachine(session, machines, { program: "calls", script: "opens.mjs", words, counts: true });
  const { bare, outside, inside, load, join: joined } = told;
  const ratio = (/** @type {number[]} */ figures) => median(figures) / median(bare);
  const instructions = comparison({
    what: "open and close of a file on the contour, attached by lsm",
    unit: "instructions",
    figures: { [BARE]: bare, [OUTSIDE]: outside, [INSIDE]: inside },
    against: BARE,
    goals: [
      goal("open and close on contour, lsm", ratio(inside), "at most", 1.15, "× bare instructions"),
      goal("open and close, in no namespace, lsm", ratio(outside), "at most", 1.01, "× bare instructions"),
    ],
  });
  const starts = comparison({
    what: "load and attach, by lsm: the first namespace of a machine, and one more",
    unit: "ms of the machine",
    figures: { "the first loads and attaches": [load], "the next opens what is pinned": [joined] },
    notes: [
      "a million instructions are a millisecond; where the kernel waits for its own processors, real time passes",
    ],
  });
  return [instructions, starts];
}

/** @param {Session} session @param {Machines} machines */
async function holds(session, machines) {
  const words = [session.quick ? "100" : "500"];
  const told = await inMachine(session, machines, { program: "holds", script: "holds.mjs", words, counts: false });
  return Object.entries(HELD).map(([act, what]) => heldActs(what, told[act]));
}

/** @param {string} what @param {{ bare: number[][], held: number[][] }} told of each act nanoseconds, and how often it gave way */
function heldActs(what, told) {
  const bare = told.bare.slice(FIRST).map(([nanoseconds = 0]) => nanoseconds / 1000);
  const held = told.held.slice(FIRST);
  /** @param {(given: number) => boolean} which */
  const those = (which) => held.filter(([, given = 0]) => which(given)).map(([nanoseconds = 0]) => nanoseconds / 1000);
  const stopped = those((given) => given > 0);
  const waited = those((given) => given === 0);
  const figures = Object.fromEntries(
    Object.entries({ [BARE]: bare, [STOPPED]: stopped, [WAITED]: waited }).filter(([, each]) => each.length > 0),
  );
  return comparison({
    what: `${what}: held, decided, resumed; by lsm`,
    unit: "µs of the machine",
    figures,
    against: BARE,
    notes: [
      `of ${held.length} acts ${stopped.length} were stopped and woken, ${waited.length} were decided before the thread gave up its processor`,
      ...Object.entries(figures).map(([name, each]) => `${name}: 99 of 100 within ${written(quantile(each, 0.99))} µs`),
    ],
  });
}

/**
 * Boots a machine, runs one of the scripts of `machine/` in it, and reads the line that it prints.
 *
 * @param {Session} session @param {Machines} machines
 * @param {{ program: string, script: string, words: string[], counts: boolean }} order
 */
async function inMachine(session, { equipment, inMachine: boot, kinds, parametersFor, SHARE }, order) {
  const { program, script, words, counts } = order;
  const found = equipment();
  if ("missing" in found) throw new Error(`needs ${found.missing}`);
  const [kind] = kinds;
  if (kind === undefined) throw new Error("no kind of machine is defined");
  const share = session.folder(`share-${script}`);
  chmodSync(share, 0o755);
  const built = session.program(program);
  copyFileSync(built, join(share, basename(built)));
  const { status, output, console, timedOut, seconds } = await boot({
    ...found,
    command: [process.execPath, join(repository, "bench/machine", script), `${SHARE}/${basename(built)}`, ...words],
    environment: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin:/usr/sbin:/sbin`, HOME: "/root", LC_ALL: "C" },
    // The time-stamp counter would be calibrated against clocks that advance differently.
    parameters: [...parametersFor(kind, found.kernel), ...(counts ? ["clocksource=hpet"] : [])],
    share,
    limitSeconds: LIMIT_SECONDS,
    processors: counts ? 1 : 2,
    countsInstructions: counts,
  });
  session.say(`the machine was up for ${Math.round(seconds.all)} s`);
  if (status !== 0) {
    const reason = timedOut ? `did not end within ${LIMIT_SECONDS} s` : `status ${status}`;
    throw new Error(`${script} in the machine: ${reason}: ${(output || console).trim().split("\n").at(-1)}`);
  }
  return JSON.parse(output.trim().split("\n").at(-1) ?? "");
}
