/** What the agent saves: the start of a container, the hashing of a large program, and the memory of fifty containers. */
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { comparison, goal } from "./harness/comparison.mjs";
import { inTurn } from "./harness/contest.mjs";
import { softwareTpm } from "./harness/software-tpm.mjs";
import { spend } from "./harness/spent.mjs";
import { median } from "./harness/statistics.mjs";

const RUNC = "runc";
const OWN = "isoline-runc, its own supervisor";
const AGENT = "isoline-runc, the agent";
const NOWHERE = "/nowhere/socket";
const ALONE = "isoline run, its own supervisor";
const HANDED = "isoline run --agent";

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "the agent of a node",
  method: `Start: \`run --detach\` of a plain bundle with one static program, which prints the time as soon as it runs; the contour is
enforced by the seccomp sensor. A large program: \`node -e 0\` enforced, whose program has some hundred megabytes that are hashed. Memory: containers of a program that only waits, under one agent, without a TPM and recorded in
a swtpm; PSS and RSS of the agent with all its threads, read when the last one has started.`,

  async run(session) {
    if (!session.has("everything", "gcc", "runc")) return [];
    if (process.geteuid?.() !== 0) {
      session.skip("everything", "needs root");
      return [];
    }
    const folder = session.folder("agent");
    const place = await agentIn(folder, session);
    try {
      const starts = await startsOf(session, folder, place);
      const large = await largeOf(session, folder, place);
      const memory = memoryOf(session, folder, place);
      const recorded = session.has("everything", "swtpm") ? [await recordedOf(session)] : [];
      return [starts, large, memory, ...recorded];
    } finally {
      place.agent.kill("SIGKILL");
    }
  },
};

/** The memory of an agent whose containers are recorded in a TPM. @param {import("./harness/session.mjs").Session} session */
async function recordedOf(session) {
  const folder = session.folder("agent-recorded");
  const { plan, end } = await softwareTpm(folder);
  const place = await agentIn(folder, session, { tpm: plan });
  try {
    return memoryOf(session, folder, place, ", recorded in a TPM");
  } finally {
    place.agent.kill("SIGKILL");
    await end();
  }
}

/** @typedef {{ readonly agent: import("node:child_process").ChildProcess, readonly socket: string, readonly host: string }} Place */

/**
 * @param {string} folder @param {import("./harness/session.mjs").Session} session @param {object} [more] of the host's configuration
 * @returns {Promise<Place>}
 */
async function agentIn(folder, session, more = {}) {
  const host = join(folder, "host.json");
  const socket = join(folder, "agent", "socket");
  const configuration = join(folder, "agent.yaml");
  writeFileSync(host, JSON.stringify({ contours: folder, reports: folder, ...more }));
  writeFileSync(configuration, `socket: ${socket}\nmetrics: none\nadopt: false\n`, { mode: 0o600 });
  const agent = spawn(session.isoline, ["agent", "--config", configuration], {
    env: { ...process.env, ISOLINE_CANISTERS: host },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve) => agent.stdout?.once("data", resolve));
  return { agent, socket, host };
}

/** @param {import("./harness/session.mjs").Session} session @param {string} folder @param {Place} place */
async function startsOf(session, folder, { socket, host }) {
  const root = rootIn(folder, "moment", session.program("moment"));
  let containers = 0;
  /** @param {string} runtime @param {string} at @param {string} mode */
  const start = (runtime, at, mode) => {
    const id = `bench-agent-${process.pid}-${containers++}`;
    const bundle = bundleIn(folder, { root, mode, program: "/moment" });
    const how = ["env", `ISOLINE_CANISTERS=${host}`, `ISOLINE_AGENT=${at}`, runtime, "--root", join(folder, "state")];
    const before = process.hrtime.bigint();
    const { output } = spend(session, [...how, "run", "--detach", "--bundle", bundle, id], folder);
    spawnSync(how[0] ?? "", [...how.slice(1), "delete", "--force", id], { stdio: "ignore" });
    return (Number(output) - Number(before)) / 1e6;
  };
  const ours = session.isoline.replace(/isoline$/, "isoline-runc");
  start(ours, NOWHERE, "learn");
  const figures = await inTurn(
    {
      [RUNC]: () => start(RUNC, NOWHERE, "enforce"),
      [OWN]: () => start(ours, NOWHERE, "enforce"),
      [AGENT]: () => start(ours, socket, "enforce"),
    },
    { rounds: session.rounds(15, 3) },
  );
  const adds = median(figures[AGENT] ?? []) - median(figures[RUNC] ?? []);
  return comparison({
    what: "time to the first instruction of the container's program",
    unit: "ms",
    figures,
    against: RUNC,
    tell: "difference",
    goals: [goal(`what ${AGENT} adds`, adds, "at most", 40, "ms")],
  });
}

/** @param {import("./harness/session.mjs").Session} session @param {string} folder @param {Place} place */
async function largeOf(session, folder, { socket }) {
  const contour = join(folder, "large.contour");
  const command = [process.execPath, "-e", "0"];
  const run = (/** @type {readonly string[]} */ how) => {
    const words = [session.isoline, "run", "-q", contour, "--enforce", ...how, "--", ...command];
    return spend(session, words, folder).seconds * 1000;
  };
  spend(session, [session.isoline, "learn", "-q", "-o", contour, "--", ...command], folder);
  const handed = ["--agent", "--agent-socket", socket];
  run(handed);
  const figures = await inTurn(
    { [ALONE]: () => run([]), [HANDED]: () => run(handed) },
    { rounds: session.rounds(15, 3) },
  );
  return comparison({
    what: "time of a command with a large program",
    unit: "ms",
    figures,
    against: ALONE,
    tell: "difference",
  });
}

/** @param {import("./harness/session.mjs").Session} session @param {string} folder @param {Place} place @param {string} [how] */
function memoryOf(session, folder, { agent, socket, host }, how = "") {
  const root = rootIn(folder, "pause", session.program("pause"));
  const ours = session.isoline.replace(/isoline$/, "isoline-runc");
  const state = ["--root", join(folder, "state")];
  const env = { ...process.env, ISOLINE_CANISTERS: host, ISOLINE_AGENT: socket };
  /** @type {string[]} */
  const made = [];
  let started = 0;
  const call = (/** @type {readonly string[]} */ words) =>
    // A container keeps the streams of its call open.
    spawnSync(ours, [...state, ...words], { env, stdio: "ignore" });
  const start = (/** @type {string} */ mode) => {
    const id = `bench-many-${process.pid}-${started++}`;
    const bundle = bundleIn(folder, { root, mode, program: "/pause" });
    const { status } = call(["run", "--detach", "--bundle", bundle, id]);
    if (status !== 0) throw new Error(`a container was not started: status ${status}`);
    made.push(id);
  };
  /** @type {Record<string, number[]>} */
  const figures = {};
  try {
    start("learn");
    call(["delete", "--force", made.pop() ?? ""]);
    const counts = session.quick ? [1, 5] : [1, 10, 50];
    for (const count of counts) {
      while (made.length < count) start("enforce");
      figures[`${count} containers${how}, RSS`] = [megabytes(agent.pid, "Rss")];
      figures[`${count} containers${how}, PSS`] = [megabytes(agent.pid, "Pss")];
    }
    const most = counts.at(-1) ?? 1;
    const reach = goal(
      `memory of ${most} containers${how}`,
      megabytes(agent.pid, "Rss"),
      "at most",
      150 + 4 * most,
      "MB",
    );
    return comparison({ what: `memory of the agent${how}`, unit: "MB", figures, goals: [reach] });
  } finally {
    for (const id of made) call(["delete", "--force", id]);
  }
}

/** @param {number | undefined} pid @param {"Rss" | "Pss"} what */
function megabytes(pid, what) {
  const kilobytes = new RegExp(`^${what}:\\s+(\\d+)`, "m").exec(
    readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"),
  )?.[1];
  return (Number(kilobytes) * 1024) / 1e6;
}

/** @param {string} folder @param {string} name @param {string} program */
function rootIn(folder, name, program) {
  const root = join(folder, `root-${name}`);
  for (const directory of ["proc", "dev", "sys"]) mkdirSync(join(root, directory), { recursive: true });
  copyFileSync(program, join(root, name));
  return root;
}

let bundles = 0;

/** @param {string} folder @param {{ root: string, mode: string, program: string }} about */
function bundleIn(folder, { root, mode, program }) {
  const bundle = join(folder, `bundle-${bundles++}`);
  mkdirSync(bundle, { recursive: true });
  const file = join(bundle, "config.json");
  spawnSync(RUNC, ["spec", "--bundle", bundle]);
  const config = JSON.parse(readFileSync(file, "utf8"));
  Object.assign(config.process, { terminal: false, args: [program] });
  config.root = { path: root };
  config.annotations = { "dev.isoline.mode": mode, "dev.isoline.contour": `${program.slice(1)}.contour` };
  writeFileSync(file, JSON.stringify(config));
  return bundle;
}
