/** Everything that is run outside and inside, in parts that can be compared one by one. */
import { runProgram, programs, missingFor } from "./programs.mjs";
import { glibPrograms, runGlib } from "./glib.mjs";
import { installPackages, runOwn, runPackage } from "./packages.mjs";
import { python, pythonModules, runPython } from "./python.mjs";
import { forRoot, runStress, stressors } from "./stress.mjs";
import { play, stories } from "./terminal.mjs";
import { NOBODY, ORDINARY } from "./workload.mjs";
import { present } from "../../tools/run.mjs";

/**
 * @typedef {{ name: string, run: (side: import("./workload.mjs").Side) => Promise<import("./comparison.mjs").Result> }} Part
 * @typedef {{ name: string, what: string, as: string, needs: readonly string[], parts: () => Promise<readonly Part[]>,
 *   sides?: readonly import("./workload.mjs").Side[], done?: () => void }} Suite
 */

const MODULE_SECONDS = 900;
const TEST_SECONDS = 40;

/** @type {readonly Suite[]} */
export const suites = [
  stress("stress-ng", "an ordinary user", ORDINARY, stressors),
  stress("stress-ng-root", "root", undefined, () => forRoot),
  modules("python", "an ordinary user", ORDINARY),
  modules("python-root", "root", undefined),
  {
    name: "glib",
    what: "GLib's installed tests",
    as: "an ordinary user",
    needs: ["/usr/share/installed-tests/glib", "dbus-run-session"],
    sides: ["learn"],
    parts: async () =>
      glibPrograms().map((program) => ({ name: program.name, run: (side) => runGlib(program, side, 90, NOBODY) })),
  },
  {
    name: "qs",
    what: "tests of the npm package `qs`",
    as: "an ordinary user",
    needs: ["npm"],
    parts: async () => {
      const { place, remove } = await installPackages();
      process.once("exit", remove);
      return [{ name: "qs", run: (side) => runPackage(place, side, ORDINARY) }];
    },
  },
  {
    name: "core",
    what: "the tests of this repository's core",
    as: "the caller",
    needs: [],
    sides: ["watch"],
    parts: async () => [{ name: "packages/core", run: (side) => runOwn("packages/core", side) }],
  },
  {
    name: "programs",
    what: "ordinary programs and their output",
    as: "an ordinary user",
    needs: [],
    parts: async () =>
      programs
        .filter((program) => missingFor(program) === undefined)
        .map((program) => ({ name: program.name, run: (side) => runProgram(program, side, ORDINARY) })),
  },
  {
    name: "terminal",
    what: "users at a terminal and their screen",
    as: "the caller",
    needs: ["tmux", "less", "vim"],
    sides: ["watch"],
    parts: async () =>
      stories.map((story) => ({
        name: story.name,
        run: async (side) => ({ tests: screens(play(story, side !== "outside")) }),
      })),
  },
];

/** The program that a suite lacks here, if any. @param {Suite} suite */
export function missingFrom(suite) {
  return suite.needs.find((need) => !present(need));
}

/** @param {string} name @param {string} as @param {number | undefined} uid @param {() => readonly string[]} names @returns {Suite} */
function stress(name, as, uid, names) {
  return {
    name,
    what: "stressors of stress-ng, a second each",
    as,
    needs: ["stress-ng"],
    parts: async () => names().map((stressor) => ({ name: stressor, run: (side) => runStress(stressor, side, uid) })),
  };
}

/** @param {string} name @param {string} as @param {number | undefined} uid @returns {Suite} */
function modules(name, as, uid) {
  return {
    name,
    what: "Python's own tests",
    as,
    needs: [python, "/usr/lib/python3.13/test/test_os.py"],
    sides: ["learn"],
    parts: async () =>
      pythonModules.map((module) => ({
        name: module,
        run: (side) => runPython([module], { side, uid, secondsEach: TEST_SECONDS, seconds: MODULE_SECONDS }),
      })),
  };
}

/** @param {readonly string[]} shown @returns {import("./comparison.mjs").Tests} */
function screens(shown) {
  return new Map(shown.map((screen, step) => [`screen ${step + 1}`, { word: screen, why: "" }]));
}
