/** The time from the start of the OCI runtime to the first instruction of the container's workload. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { comparison, goal } from "./harness/comparison.mjs";
import { inTurn } from "./harness/contest.mjs";
import { spend } from "./harness/spent.mjs";
import { median } from "./harness/statistics.mjs";

const RUNC = "runc";
const CHECK = "isoline-runc, check";
const ENFORCE = "isoline-runc, enforce";

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "start-up of a container",
  method: `A plain bundle with one static program, which prints the time as soon as it runs. Subtracted is the time that the
starting process read from the same clock before it started the runtime.`,

  async run(session) {
    if (!session.has("everything", "gcc", "runc")) return [];
    if (process.geteuid?.() !== 0) {
      session.skip("everything", "needs root");
      return [];
    }
    const folder = session.folder("canister");
    const root = join(folder, "rootfs");
    for (const directory of ["proc", "dev", "sys"]) mkdirSync(join(root, directory), { recursive: true });
    copyFileSync(session.program("moment"), join(root, "moment"));
    writeFileSync(join(folder, "host.json"), JSON.stringify({ contours: folder, reports: folder }));
    let containers = 0;
    /** @param {string} runtime @param {string} mode */
    const start = (runtime, mode) => {
      const bundle = bundleIn(folder, root, mode);
      const id = `bench-${process.pid}-${containers++}`;
      const before = process.hrtime.bigint();
      const how = ["env", `ISOLINE_CANISTERS=${join(folder, "host.json")}`, runtime, "--root", join(folder, "state")];
      const { output } = spend(session, [...how, "run", "--bundle", bundle, id], folder);
      return (Number(output) - Number(before)) / 1e6;
    };
    const ours = session.isoline.replace(/isoline$/, "isoline-runc");
    start(ours, "learn");
    const figures = await inTurn(
      {
        [RUNC]: () => start(RUNC, "check"),
        [CHECK]: () => start(ours, "check"),
        [ENFORCE]: () => start(ours, "enforce"),
      },
      { rounds: session.rounds(15, 3) },
    );
    const cost = median(figures[CHECK] ?? []) - median(figures[RUNC] ?? []);
    return [
      comparison({
        what: "time to the first instruction of the container's program",
        unit: "ms",
        figures,
        against: RUNC,
        tell: "difference",
        goals: [goal(`what ${CHECK} adds`, cost, "at most", 150, "ms")],
      }),
    ];
  },
};

/** @param {string} folder @param {string} root @param {string} mode */
function bundleIn(folder, root, mode) {
  const bundle = join(folder, mode);
  mkdirSync(bundle, { recursive: true });
  const file = join(bundle, "config.json");
  spawnSync(RUNC, ["spec", "--bundle", bundle]);
  const config = JSON.parse(readFileSync(file, "utf8"));
  Object.assign(config.process, { terminal: false, args: ["/moment"] });
  config.root = { path: root };
  config.annotations = { "dev.isoline.mode": mode, "dev.isoline.contour": "bench.contour" };
  writeFileSync(file, JSON.stringify(config));
  return bundle;
}
