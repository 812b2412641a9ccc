/**
 * A directory in which a program races the supervisor. It repeats a call while another thread, or a process outside, changes
 * what the verdict rests on. The contour permits the act on the good object, and never on the evil one.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compiler } from "../sensor/case.ts";
import { isBuilt, isoline, readReport, type Report } from "../support/isoline.ts";
import { isCI, isRoot } from "../support/machine.ts";

/** How often each object was changed. A change of the evil object is a win. */
export interface Tally {
  readonly good: number;
  readonly evil: number;
  readonly nothing: number;
}

export interface Race {
  readonly tally: Tally;
  readonly report: Report;
  /** Calls that the supervisor did not perform, except those that open and execute files: how the program starts. */
  readonly racy: readonly string[];
}

/** The reason why these tests cannot run here, or undefined. */
export const obstacle = compiler === undefined || !isBuilt || !isRoot ? "needs gcc, a build, root" : undefined;

/**
 * A race that can be won is won within a few thousand tries. CI takes more time, and spends most of it on one act of each
 * class.
 */
export const TRIES = { each: isCI ? 10_000 : 2000, ofClass: isCI ? 100_000 : 2000, ofPrefix: 2000 };

/** On a busy machine the attacker may not run at all while the supervisor does. */
const ROUNDS = 5;

export class Arena {
  readonly directory = mkdtempSync(join(tmpdir(), "isoline-race-"));
  #outside: ChildProcess | undefined;

  constructor() {
    const source = fileURLToPath(new URL("attacker.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-w", "-static", "-o", "attacker", source, "-lpthread"], { cwd: this.directory });
  }

  at(name: string): string {
    return join(this.directory, name);
  }

  /** Creates both objects: the good one as the act finds it, the evil one as the act leaves it. */
  lay(good: (path: string) => void, evil: (path: string) => void): void {
    for (const name of ["good", "evil", "moved", "way", "source"])
      rmSync(this.at(name), { recursive: true, force: true });
    for (const name of ["good", "evil"]) mkdirSync(this.at(name));
    writeFileSync(this.at("source"), "");
    symlinkSync("good", this.at("way"));
    good(this.at("good/n"));
    evil(this.at("evil/n"));
  }

  /** Learns the act on the good object, and the undoing on both. */
  async learn(act: string): Promise<void> {
    const { tally } = await this.#run(["learn", "-o", "contour"], act, "nothing", 1);
    if (tally.good !== 1 || tally.evil !== 0) throw new Error(`${act} was not learnt: ${JSON.stringify(tally)}`);
  }

  /** Races the act when enforcing, without Landlock, on paths with the prefix. Repeats the race if one side never got its turn. */
  async race(act: string, flip: string, tries = TRIES.each, prefix?: string): Promise<Race> {
    for (let round = 1; ; round++) {
      const race = await this.#raceOnce(act, flip, tries, prefix);
      const { tally, report } = race;
      if (tally.evil > 0 || (tally.good > 0 && report.refused > 0) || round === ROUNDS) return race;
    }
  }

  async #raceOnce(act: string, flip: string, tries: number, prefix?: string): Promise<Race> {
    if (flip === "way") this.#outside = spawn(this.at("attacker"), ["way"], { cwd: this.directory, stdio: "ignore" });
    try {
      return await this.#run(["run", "--enforce", "--no-landlock", "contour"], act, flip, tries, prefix);
    } finally {
      this.#outside?.kill("SIGKILL");
      this.#outside = undefined;
    }
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #run(words: readonly string[], act: string, flip: string, tries: number, prefix?: string): Promise<Race> {
    const attack = ["./attacker", act, flip, String(tries), ...(prefix === undefined ? [] : [prefix])];
    const args = [...words, "--report", "report.json", "-q", "--", ...attack];
    const { stdout, stderr } = await isoline(args, { cwd: this.directory });
    if (!stdout.startsWith("{")) throw new Error(`${act} by ${flip} said nothing: ${stderr}`);
    const report = readReport(this.directory);
    const racy = Object.keys(report.racy).filter((call) => !/^(open|exec)/.test(call));
    return { tally: JSON.parse(stdout) as Tally, report, racy };
  }
}
