/** The cost of one mediated call: the same C loop bare, under isoline and under strace. */
import { createSocket } from "node:dgram";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { comparison, goal } from "./harness/comparison.mjs";
import { inTurn } from "./harness/contest.mjs";
import { spend } from "./harness/spent.mjs";
import { median } from "./harness/statistics.mjs";
import { BARE, bare, ENFORCE, learning, other, RUN, running, straces } from "./harness/supervisors.mjs";

/** Rounds inside the program. The first is discarded: the observer is still warming up. */
const INNER = 5;

/** @typedef {{ what: string, calls: string, times: number, argument: string, reach?: number, note?: string }} Case */

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "added latency of a mediated call, repeated events",
  method: `A C loop repeats one call thousands of times; the first of ${INNER} inner rounds is discarded and the median of the others
counts. Contenders take turns, each in a process of its own; the added latency is the difference to "bare" of the same turn.
isoline decides on the task's path, arguments and credentials before the call goes ahead; strace prints a line.`,

  async run(session) {
    if (!session.has("everything", "gcc")) return [];
    const folder = session.folder("latency");
    const file = join(folder, "file");
    writeFileSync(file, "");
    const peer = createSocket("udp4");
    await new Promise((resolve) => peer.bind(0, "127.0.0.1", () => resolve(undefined)));
    try {
      const measured = [];
      for (const each of cases(session, file, peer.address().port)) measured.push(await compare(session, folder, each));
      return measured;
    } finally {
      peer.close();
    }
  },
};

/** @param {import("./harness/session.mjs").Session} session @param {string} file @param {number} port @returns {Case[]} */
function cases(session, file, port) {
  const times = session.quick ? 1000 : 2000;
  const all = [
    { what: "open and close of one file", calls: "open", times, argument: file, reach: 15 },
    { what: "open of a file that is not there", calls: "missing", times, argument: `${file}-missing` },
    { what: "connect of a datagram socket", calls: "connect", times, argument: String(port) },
    { what: "stat of one file", calls: "stat", times, argument: file, note: "a call that isoline does not mediate" },
    {
      what: "start of /bin/true, waiting for its end",
      calls: "run",
      times: times / 25,
      argument: "/bin/true",
      note: "half a dozen mediated calls: clone, exec, the opens and executable mappings of the dynamic linker",
    },
  ];
  return session.quick ? all.filter(({ calls }) => calls === "open" || calls === "run") : all;
}

/** @param {import("./harness/session.mjs").Session} session @param {string} folder @param {Case} asked */
async function compare(session, folder, { what, calls, times, argument, reach, note }) {
  const contour = join(folder, `${calls}.contour`);
  const program = session.program("calls");
  const command = [program, calls, String(times), String(INNER), argument];
  spend(session, learning(session, contour)([program, calls, "5", "1", argument]), folder);
  const wrappings = {
    [BARE]: bare,
    [RUN]: running(session, contour),
    [ENFORCE]: running(session, contour, "--enforce"),
    ...other(session, contour),
    ...(await straces(session)),
  };
  const contenders = Object.entries(wrappings).map(([name, wrap]) => [
    name,
    () => microseconds(spend(session, wrap(command), folder).output),
  ]);
  const figures = await inTurn(Object.fromEntries(contenders), { rounds: session.rounds(7, 2), warmups: 0 });
  const measured = comparison({
    what,
    unit: "µs",
    figures,
    against: BARE,
    tell: "difference",
    notes: note === undefined ? [] : [note],
  });
  const added = measured.contenders.find(({ name }) => name === RUN)?.against?.differences.median ?? Number.NaN;
  return reach === undefined
    ? measured
    : { ...measured, goals: [goal(`${what}: added by ${RUN}`, added, "at most", reach, "µs")] };
}

/** @param {string} output nanoseconds, a line for each inner round */
function microseconds(output) {
  const rounds = output.trim().split("\n").map(Number).slice(1);
  return median(rounds) / 1000;
}
