/** Processes that run beside a story, each known by its id. All of them are ended when the story is, the last that was started first. */
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { CliError } from "../../error.ts";

const MOST_SAID = 64 * 1024;
const ENDING_MS = 10_000;
const STARVED_MS = 180_000;
const LOOK_MS = 50;

export interface Start {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

export class Running {
  readonly what: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #said = "";

  constructor(what: string, [program = "", ...words]: readonly string[], { cwd, env }: Start) {
    this.what = what;
    this.#child = spawn(program, words, { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stdin?.on("error", () => this.#hear("its input is closed"));
    this.#ended = new Promise((resolve) => {
      this.#child.once("close", () => resolve());
      this.#child.once("error", (fault) => {
        this.#hear(fault.message);
        resolve();
      });
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => this.#hear(text));
  }

  get said(): string {
    return this.#said;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined;
  }

  /** Waits until it says this; refuses with its last line if it ends before. */
  async says(form: RegExp): Promise<RegExpExecArray> {
    for (const until = Date.now() + STARVED_MS; Date.now() < until; await setTimeout(LOOK_MS)) {
      const found = form.exec(this.#said);
      if (found !== null) return found;
      if (this.hasEnded) break;
    }
    const last = this.#said.trim().split("\n").at(-1) ?? "";
    throw new CliError("no-demo", `${this.what} does not go on: ${last.slice(0, 300) || "it says nothing"}`);
  }

  /** A line for its standard input. */
  tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Waits until it has ended by itself, for a while. */
  async leaves(): Promise<void> {
    await Promise.race([this.#ended, setTimeout(ENDING_MS, undefined, { ref: false })]);
  }

  /** Ends it; by force if it does not end by itself. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (!this.hasEnded) this.#child.kill(signal);
    await this.leaves();
    if (!this.hasEnded) this.#child.kill("SIGKILL");
    await this.#ended;
  }

  #hear(text: string): void {
    this.#said = (this.#said + text).slice(-MOST_SAID);
  }
}

export class Processes {
  readonly #all: Running[] = [];

  start(what: string, words: readonly string[], start: Start): Running {
    const running = new Running(what, words, start);
    this.#all.push(running);
    return running;
  }

  /** Ends one of them before the others. */
  async end(running: Running, signal?: NodeJS.Signals): Promise<void> {
    await running.end(signal);
    this.#all.splice(this.#all.indexOf(running), 1);
  }

  async endAll(): Promise<void> {
    for (let running = this.#all.pop(); running !== undefined; running = this.#all.pop()) await running.end();
  }
}
