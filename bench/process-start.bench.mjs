/** What each process that a workload starts costs its supervisor: processor time, and time by the clock. */
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
  STRACE_SAME,
  straces,
} from "./harness/supervisors.mjs";

const CHILD = "/bin/true";
const MOST_MILLISECONDS = 0.6;

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "the start of a process",
  method: `A static C program starts ${CHILD} over and over and waits for each. Processor time of the supervisor: what the whole command took, less
what the program and its children took, less the same with a single child, divided by the children. Nothing is warmed up: the first children
meet code that V8 has not compiled yet.`,

  async run(session) {
    if (!session.has("everything", "gcc")) return [];
    const folder = session.folder("process-start");
    const contour = join(folder, "contour");
    const program = session.program("children");
    const count = session.quick ? 200 : 1000;
    spend(session, learning(session, contour)([program, "1", CHILD]), folder);
    const wrappings = {
      [LEARN]: learning(session, join(folder, "new.contour")),
      [RUN]: running(session, contour),
      [ENFORCE]: running(session, contour, "--enforce"),
      ...other(session, contour),
      ...(await straces(session, STRACE_SAME)),
    };
    /** @param {import("./harness/supervisors.mjs").Wrapping} wrap @param {number} children */
    const once = (wrap, children) => {
      const { cpuSeconds, output } = spend(
        session,
        wrap([program, String(children), CHILD]),
        session.folder("process-start-run"),
      );
      const [own = 0, wall = 0] = output.trim().split(" ").map(Number);
      return { beside: cpuSeconds * 1000 - own / 1000, wall: wall / 1000 / children };
    };
    /** @type {Record<string, number[]>} */
    const walls = {};
    /** @param {string} name @param {import("./harness/supervisors.mjs").Wrapping} wrap */
    const measure = (name, wrap) => () => {
      const many = once(wrap, count);
      walls[name] = [...(walls[name] ?? []), many.wall];
      return name === BARE ? many.wall : (many.beside - once(wrap, 1).beside) / (count - 1);
    };
    const contenders = Object.entries({ [BARE]: bare, ...wrappings }).map(([name, wrap]) => [
      name,
      measure(name, wrap),
    ]);
    const { [BARE]: without = [], ...figures } = await inTurn(Object.fromEntries(contenders), {
      rounds: session.rounds(7, 2),
      warmups: 0,
    });
    const clock = Object.entries(walls).map(([name, each]) => `${name} ${written(median(each))} ms`);
    return [
      comparison({
        what: `start of ${CHILD}, ${written(count)} times`,
        unit: "ms of the supervisor's processor time a child",
        figures,
        goals: [goal(`process start, ${RUN}`, median(figures[RUN] ?? []), "at most", MOST_MILLISECONDS, "ms a child")],
        notes: [`by the clock, a child: ${clock.join("; ")}; ${without.length} rounds`],
      }),
    ];
  },
};
