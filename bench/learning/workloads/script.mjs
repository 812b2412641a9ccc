/** The scripts of the workloads: bash, which draws by `RANDOM`, so that one seed is one run. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * @typedef {import("../../../test/reproducibility/place.mjs").Workload & Variation} Varying
 *   a workload that draws what it does by the variables SEED and RUN
 *
 * @typedef {object} Variation
 * @property {boolean} keeps whether a run finds what the run before left
 * @property {readonly string[]} [presets] that one who builds with these tools learns with
 */

/** Bash functions that draw without starting a program: `pick A B …` sets PICKED, `chance N` is true once in N. */
const DRAWING = `RANDOM=$SEED
pick() { shift $((RANDOM % $#)); PICKED=$1; }
chance() { [ $((RANDOM % $1)) = 0 ]; }
`;

/** Writes the script of a workload; it is called with bash. @param {string} cwd @param {string} text */
export function story(cwd, text) {
  writeFileSync(join(cwd, "story.sh"), `${DRAWING}${text.trim()}\n`);
}

/** Writes files below a folder. @param {string} folder @param {Readonly<Record<string, string>>} files text by path */
export function files(folder, files) {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

/** The numbers from 1 on. @param {number} count */
export const numbers = (count) => Array.from({ length: count }, (_, at) => at + 1);

/** What every story is called with. */
export const command = ["bash", "story.sh"];
