/** The bpf sensor: the cost of an open that the kernel decides, the cost for a workload, and how many events reach userspace. */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bestAttachment, toldAgain } from "./harness/bpf-programs.mjs";
import { comparison, goal, written } from "./harness/comparison.mjs";
import { inTurn } from "./harness/contest.mjs";
import { environment, spend } from "./harness/spent.mjs";
import { median } from "./harness/statistics.mjs";
import { BARE, bare, LEARN, learning, RUN, running } from "./harness/supervisors.mjs";
import { compile } from "./workloads/compile.mjs";
import { install } from "./workloads/install.mjs";
import { server } from "./workloads/server.mjs";
import { shell } from "./workloads/shell.mjs";

/** @typedef {import("./harness/session.mjs").Session} Session */
/** @typedef {import("./harness/supervisors.mjs").Wrapping} Wrapping */

/** Rounds inside the program. The first ones are discarded: the observer is still warming up and deciding. */
const INNER = 20;
const WARM = 10;
const OUTSIDE = "in no namespace, beside one";
const BPF = ["--sensor", "bpf"];

/** The goal for an open and close, by the way the programs are attached. */
const openReach = /** @type {Readonly<Record<string, number>>} */ ({ lsm: 1.15, fmod_ret: 1.15, tracepoints: 1.35 });

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "the bpf sensor",
  method: `What has been decided once is decided in the kernel from then on. Of ${INNER} inner rounds of opens the first ${WARM}, in which the
verdicts are made, are discarded. The clock of a workload runs inside it, from the start of its first process to the end of its
last. So the start of isoline and the writing of the contour do not count; the work of its supervisor meanwhile does. "${OUTSIDE}"
is the bare command, while an idle workload is watched elsewhere on the machine.`,

  async run(session) {
    if (!session.has("everything", "gcc")) return [];
    const attachment = await bestAttachment();
    if ("missing" in attachment) {
      session.skip("everything", attachment.missing);
      return [];
    }
    const measured = [await opens(session, attachment.name), await steady(session, attachment.name)];
    for (const workload of [compile, install, shell, server])
      if (session.has(workload.name, ...workload.needs))
        measured.push(await compare(session, workload, attachment.name));
    return measured;
  },
};

/** @param {Session} session @param {string} attachment */
async function opens(session, attachment) {
  const folder = session.folder("opens");
  const file = join(folder, "file");
  writeFileSync(file, "");
  const contour = join(folder, "open.contour");
  const program = session.program("calls");
  const times = session.quick ? 5_000 : 10_000;
  const command = [program, "open", String(times), String(INNER), file];
  const measure = (/** @type {Wrapping} */ wrap) => microseconds(spend(session, wrap(command), folder).output);
  spend(session, learning(session, contour, ...BPF)([program, "open", "5", "1", file]), folder);
  const figures = await inTurn(
    {
      [BARE]: () => measure(bare),
      [OUTSIDE]: () => beside(session, () => measure(bare)),
      [LEARN]: () => measure(learning(session, join(folder, "new.contour"), ...BPF)),
      [RUN]: () => measure(running(session, contour, ...BPF)),
    },
    { rounds: session.rounds(11, 2), warmups: 0 },
  );
  const reach = openReach[attachment] ?? 1;
  return comparison({
    what: `open and close of a file on the contour, attached by ${attachment}`,
    unit: "µs",
    figures,
    against: BARE,
    goals: [
      goal(`open and close on contour, ${attachment}`, ratio(figures, RUN), "at most", reach, "× bare"),
      ...outsideGoal("open and close", figures, attachment),
    ],
  });
}

/**
 * Repeats a behaviour, and counts the events that reach userspace.
 *
 * @param {Session} session @param {string} attachment
 */
async function steady(session, attachment) {
  const folder = session.folder("steady");
  const file = join(folder, "file");
  writeFileSync(file, "");
  const { seen, sentUp } = await toldAgain(attachment, [session.program("calls"), "open", "10000", "1", file]);
  return comparison({
    what: "a program that runs once more: opens that a BPF program decided, and how many of them reached userspace",
    unit: "events",
    figures: { seen: [seen], told: [sentUp] },
    goals: [goal(`events that reach userspace, of ${written(seen)} repeated`, sentUp, "at most", 0, "")],
  });
}

/** @param {Session} session @param {import("./workloads.bench.mjs").Workload} workload @param {string} attachment */
async function compare(session, workload, attachment) {
  session.say(workload.name);
  const store = session.folder(`${workload.name}-store`);
  await workload.prepare(session, store);
  const contour = join(store, "bench.contour");
  const report = join(store, "report.json");
  const bill = join(store, "inside.txt");
  const command = [session.program("spent"), bill, ...workload.command(session, store)];
  const once = (/** @type {Wrapping} */ wrap) => {
    const folder = session.folder(`${workload.name}-run`);
    workload.lay?.(folder, store);
    spend(session, wrap(command), folder);
    return Number(readFileSync(bill, "utf8").split(" ")[0]) / 1e6;
  };
  once(learning(session, contour, ...BPF));
  once(learning(session, contour, "--merge", ...BPF));
  once(running(session, contour, "--report", report, ...BPF));
  const { events, off, incomplete } = JSON.parse(readFileSync(report, "utf8"));
  const figures = await inTurn(
    {
      [BARE]: () => once(bare),
      [OUTSIDE]: () => beside(session, () => once(bare)),
      [LEARN]: () => once(learning(session, join(store, "new.contour"), ...BPF)),
      [RUN]: () => once(running(session, contour, ...BPF)),
    },
    { rounds: session.rounds(7, 1), warmups: 0 },
  );
  return comparison({
    what: `${workload.what(session)}; attached by ${attachment}`,
    unit: "ms",
    figures,
    against: BARE,
    goals: [
      ...[LEARN, RUN].map((name) =>
        goal(`${workload.name}: ${name} --sensor bpf`, ratio(figures, name), "at most", 1.05, "× bare"),
      ),
      ...outsideGoal(workload.name, figures, attachment),
    ],
    notes: [
      `${written(events)} events, ${incomplete.length === 0 ? "none lost" : `lost: ${JSON.stringify(incomplete)}`}; ${off} off contour`,
    ],
  });
}

/** A goal only for BPF LSM and fmod_ret: tracepoints slow every call of the machine, and are not expected to meet it. */
function outsideGoal(
  /** @type {string} */ what,
  /** @type {Readonly<Record<string, readonly number[]>>} */ figures,
  /** @type {string} */ attachment,
) {
  if (attachment === "tracepoints") return [];
  return [goal(`${what}, in no namespace, ${attachment}`, ratio(figures, OUTSIDE), "at most", 1.01, "× bare")];
}

/**
 * Measures while an idle workload is watched.
 *
 * @param {Session} session @param {() => number} measure @returns {Promise<number>}
 */
async function beside(session, measure) {
  const folder = session.folder("idle");
  const [program = "", ...words] = learning(
    session,
    join(folder, "idle.contour"),
    ...BPF,
  )(["/bin/sh", "-c", "echo ready; read line"]);
  const idle = spawn(program, words, { cwd: folder, env: environment(session), stdio: ["pipe", "pipe", "inherit"] });
  const over = new Promise((resolve) => idle.once("close", resolve));
  try {
    await new Promise((resolve, reject) => {
      idle.stdout.once("data", resolve);
      idle.once("close", () => reject(new Error("the idle workload has ended")));
    });
    return measure();
  } finally {
    idle.stdin.end("\n");
    await over;
  }
}

/** @param {Readonly<Record<string, readonly number[]>>} figures @param {string} name */
const ratio = (figures, name) => median(figures[name] ?? []) / median(figures[BARE] ?? []);

/** @param {string} output nanoseconds, a line for each inner round */
function microseconds(output) {
  return median(output.trim().split("\n").map(Number).slice(WARM)) / 1000;
}
