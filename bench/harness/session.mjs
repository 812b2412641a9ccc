/** What a benchmark gets: its settings, a folder of its own, compiled test programs, and a way to report progress. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { present, repository } from "../../tools/run.mjs";

/**
 * @typedef {object} Setting
 * @property {boolean} quick fewer rounds and smaller workloads: to see that it works, not to publish
 * @property {number | undefined} pairs rounds of every contest, when asked for
 * @property {string | undefined} against another checkout, measured beside this one
 * @property {Readonly<Record<string, string>>} set settings of the benchmark, as it names them
 */

const COMPILER = "gcc";

export class Session {
  /** @type {{ what: string, why: string }[]} */
  skipped = [];
  /** @type {string | undefined} */
  #scratch;

  /** @param {Setting} setting @param {(text: string) => void} say */
  constructor(setting, say) {
    this.quick = setting.quick;
    this.pairs = setting.pairs;
    this.against = setting.against;
    this.set = setting.set;
    this.say = say;
  }

  /** The number of rounds: the requested number, or the benchmark's own. @param {number} full @param {number} quick */
  rounds(full, quick) {
    return this.pairs ?? (this.quick ? quick : full);
  }

  /** A folder for this benchmark alone, removed at its end. */
  get scratch() {
    this.#scratch ??= realpathSync(mkdtempSync(join(tmpdir(), "isoline-bench-")));
    return this.#scratch;
  }

  /** A new folder in it. @param {string} name */
  folder(name) {
    const path = join(this.scratch, name);
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** @param {string} what @param {string} why */
  skip(what, why) {
    if (this.skipped.some((skipped) => skipped.what === what)) return;
    this.skipped.push({ what, why });
    this.say(`skipped: ${what} (${why})`);
  }

  /**
   * Whether all these programs are installed; a missing one is named as the reason.
   *
   * @param {string} what @param {...string} programs
   */
  has(what, ...programs) {
    const missing = programs.filter((program) => !present(program));
    if (missing.length > 0) this.skip(what, `${missing.join(", ")} not installed`);
    return missing.length === 0;
  }

  /** Compiles one of `programs/`, statically where a static C library is installed. @param {string} name */
  program(name) {
    const out = join(this.scratch, name);
    if (existsSync(out)) return out;
    const source = fileURLToPath(new URL(`../programs/${name}.c`, import.meta.url));
    for (const how of [["-static"], []]) {
      if (spawnSync(COMPILER, ["-O2", ...how, "-o", out, source]).status === 0) return out;
    }
    throw new Error(`gcc could not compile bench/programs/${name}.c; are the headers of the C library installed?`);
  }

  /** The command line under test. */
  get isoline() {
    return commandLineOf(repository);
  }

  end() {
    if (this.#scratch !== undefined) rmSync(this.#scratch, { recursive: true, force: true });
  }
}

/** @param {string} checkout */
export function commandLineOf(checkout) {
  const path = join(checkout, "packages/isoline/bin/isoline");
  if (!existsSync(join(checkout, "packages/isoline/dist/cli/main.js")))
    throw new Error(`${path} is not built; run npm run build there first`);
  return path;
}
