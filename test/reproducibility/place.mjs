/**
 * A clean start for a workload: new directories of its own, and an environment in which only they differ from one run to the
 * next.
 */
import {
  chmodSync,
  chownSync,
  cpSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/**
 * @typedef {object} Workload
 * @property {string} name
 * @property {string} says what it does, for the table
 * @property {readonly string[]} programs that must be installed
 * @property {(cwd: string, home: string) => void | Promise<void>} [prepare] fills the directories it starts with; done once
 * @property {readonly string[]} command
 * @property {(cwd: string) => Readonly<Record<string, string>>} [environment]
 * @property {number} [uid] the user to run as, if it refuses to run as root
 */

/**
 * @typedef {object} Place
 * @property {string} top the folder that contains everything
 * @property {string} cwd
 * @property {string} home
 * @property {string} temp
 */

const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The PATH of workloads: the system's folders, then that of this Node. */
export const searchPath = `${SYSTEM_PATH}:${dirname(process.execPath)}`;

/**
 * Places differ not only in names, but also in depth, and in which folder contains which.
 *
 * @type {readonly [Shape, ...Shape[]]}
 * @typedef {{ readonly below: string, readonly cwd: string, readonly home: string, readonly temp: string }} Shape
 */
const SHAPES = [
  { below: tmpdir(), cwd: "work", home: "home", temp: "temp" },
  { below: "/var/tmp", cwd: "builds/7f3c/checkout", home: "users/ann", temp: "scratch/ann" },
  { below: tmpdir(), cwd: "bob/projects/app", home: "bob", temp: "bob/tmp" },
  { below: "/var/tmp", cwd: "Src-2/app.git", home: "h", temp: "t/1" },
  { below: tmpdir(), cwd: "a/b/c/d/e/f", home: "a/b/home", temp: "a/temporary" },
  { below: tmpdir(), cwd: "once/more", home: "carol", temp: "x" },
];

/** Prepares a workload once; its clean starts are copies of the result. */
export class Origin {
  /** @type {string} */
  #top;

  /** @param {string} top */
  constructor(top) {
    this.#top = top;
  }

  /** @param {Workload} workload */
  static async of(workload) {
    const top = mkdtempSync(join(tmpdir(), "origin-"));
    const [cwd, home] = [join(top, "cwd"), join(top, "home")];
    for (const directory of [cwd, home]) mkdirSync(directory, { mode: 0o755 });
    await workload.prepare?.(cwd, home);
    return new Origin(top);
  }

  /** The nth clean start: new directories, in another arrangement than before. @param {number} n @returns {Place} */
  place(n) {
    const { below, cwd, home, temp } = SHAPES[n % SHAPES.length] ?? SHAPES[0];
    const top = mkdtempSync(join(below, `place${n}-`));
    const place = { top, cwd: join(top, cwd), home: join(top, home), temp: join(top, temp) };
    chmodSync(top, 0o755);
    copy(join(this.#top, "home"), place.home);
    copy(join(this.#top, "cwd"), place.cwd);
    mkdirSync(place.temp, { recursive: true });
    for (const directory of [place.cwd, place.home]) chmodSync(directory, 0o755);
    for (const directory of [place.home, place.cwd]) age(directory);
    chmodSync(place.temp, 0o1777);
    return place;
  }

  remove() {
    rmSync(this.#top, { recursive: true, force: true });
  }
}

/** @param {string} from @param {string} to */
function copy(from, to) {
  cpSync(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
}

/**
 * The files that a workload starts with are an hour old. Programs that compare times (make, git, rsync) treat files that are as
 * young as their own output differently, which is no ordinary start.
 *
 * @param {string} directory
 */
function age(directory) {
  const then = Date.now() / 1000 - 3600;
  for (const name of readdirSync(directory, { recursive: true, encoding: "utf8" }))
    lutimesSync(join(directory, name), then, then);
  lutimesSync(directory, then, then);
}

/** Gives everything below a directory to a user. @param {string} path @param {number} uid */
export function own(path, uid) {
  if (!lstatSync(path).isDirectory()) return;
  chownSync(path, uid, uid);
  for (const name of readdirSync(path, { recursive: true, encoding: "utf8" })) {
    const file = join(path, name);
    if (!lstatSync(file).isSymbolicLink()) chownSync(file, uid, uid);
  }
}

/**
 * The environment of a workload, without any variable of the user who runs the tests.
 *
 * @param {Workload} workload @param {Place} place @param {Readonly<Record<string, string>>} [more]
 */
export function environmentOf(workload, place, more = {}) {
  return {
    PATH: searchPath,
    HOME: place.home,
    TMPDIR: place.temp,
    LANG: "C.UTF-8",
    ...more,
    ...workload.environment?.(place.cwd),
  };
}
