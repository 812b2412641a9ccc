/** Runs under `isoline run --ask`, with a runtime directory of their own, and who answers there. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { program } from "../cli/isoline.ts";

/** How long a starved machine may take for a step; what is wrong never comes at all. */
export const STARVED_MS = 60_000;
/** Longer than any test takes to answer, where the deadline is not what it is about. */
const NO_DEADLINE = ["--answer-within", "600"];

export interface Question {
  readonly key: string;
  readonly pid: number;
  readonly says: string;
  readonly why: string;
}

export interface Report {
  readonly off: number;
  readonly refused: number;
  readonly kept: number;
  readonly departures: readonly { readonly act: string; readonly count: number; readonly refused: number }[];
  readonly answers?: readonly { readonly answer: string; readonly by: string; readonly why: string }[];
}

/** The first value that is there; throws what was waited for, if it never comes. */
export async function eventually<T>(look: () => T | undefined, what: () => string): Promise<T> {
  for (const end = Date.now() + STARVED_MS; Date.now() < end; await pause(50)) {
    const found = look();
    if (found !== undefined) return found;
  }
  throw new Error(`expected ${what()}`);
}

/** A place with contours, and the environment in which isoline keeps its sockets there. */
export class AskingPlace {
  readonly directory = mkdtempSync(join(tmpdir(), "isoline-asking-"));
  readonly environment: NodeJS.ProcessEnv = {
    ...process.env,
    XDG_RUNTIME_DIR: join(this.directory, "runtime"),
    NO_COLOR: "1",
  };

  constructor() {
    mkdirSync(join(this.directory, "runtime"), { mode: 0o700 });
    chmodSync(this.directory, 0o755);
  }

  at(name: string): string {
    return join(this.directory, name);
  }

  /** The approver socket of a namespace. */
  socketOf(name: string): string {
    return this.at(`runtime/isoline/isoline-kept/${name}.sock`);
  }

  learn(contour: string, command: readonly string[]): void {
    const { status, stderr } = this.call(["learn", "-q", "-o", contour, "--", ...command]);
    assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  }

  call(args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync(program, args, {
      encoding: "utf8",
      cwd: this.directory,
      env: this.environment,
      timeout: STARVED_MS,
    });
    return { status, stdout, stderr };
  }

  run(args: readonly string[], command: readonly string[], name = `run-${process.hrtime.bigint()}`): Running {
    return new Running(this, args, command, name);
  }

  text(name: string): string {
    return readFileSync(this.at(name), "utf8");
  }

  clear(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** One run, without a terminal. */
export class Running {
  output = "";
  /** What the workload alone has printed: isoline may say in between that it was starved. */
  stdout = "";
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly #place: AskingPlace;
  readonly name: string;
  /** What the approver was told so far. */
  readonly #asked: Question[] = [];
  readonly #over = new Map<string, string>();
  #hears = false;

  constructor(place: AskingPlace, args: readonly string[], command: readonly string[], name: string) {
    this.#place = place;
    this.name = name;
    const deadline = args.includes("--ask") && !args.includes("--answer-within") ? NO_DEADLINE : [];
    // In a session of its own: a terminal from which the tests are started would be asked at.
    this.child = spawn(
      program,
      ["run", ...args, ...deadline, "--name", this.name, "--report", "report.json", "--", ...command],
      {
        cwd: place.directory,
        env: place.environment,
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
      },
    );
    const collect = (piece: Buffer) => (this.output += piece.toString("utf8"));
    this.child.stdout?.on("data", (piece: Buffer) => {
      this.stdout += piece.toString("utf8");
      collect(piece);
    });
    this.child.stderr?.on("data", collect);
    this.ended = new Promise((resolve) => this.child.on("close", (status) => resolve(status)));
  }

  async says(text: string): Promise<void> {
    await eventually(
      () => (this.stdout.includes(text) || this.output.includes(text) ? true : undefined),
      () => `${text} in: ${this.output}`,
    );
  }

  questions(): readonly Question[] {
    const { status, stdout } = this.#place.call(["approve", this.name, "--list", "--json"]);
    return status === 0 ? (JSON.parse(stdout) as Question[]) : [];
  }

  /** The question about an act, once it is asked. */
  async question(words: string): Promise<Question> {
    this.#hear();
    return eventually(
      () => this.#asked.find(({ key, says }) => says.includes(words) && !this.#over.has(key)),
      () => `a question about ${words} in: ${this.output}`,
    );
  }

  /** How a question ended, once it is over. */
  async over({ key }: Question): Promise<string> {
    this.#hear();
    return eventually(
      () => this.#over.get(key),
      () => `the end of a question in: ${this.output}`,
    );
  }

  /** An approver that is told of questions as they come and end. It is started again until the namespace is there. */
  #hear(): void {
    if (this.#hears) return;
    this.#hears = true;
    const { directory: cwd, environment: env } = this.#place;
    const approver = spawn(program, ["approve", this.name, "--json"], { cwd, env, stdio: ["pipe", "pipe", "ignore"] });
    createInterface({ input: approver.stdout }).on("line", (line) => {
      const { asked, over } = JSON.parse(line) as { asked?: Question; over?: { key: string; how: string } };
      if (asked !== undefined) this.#asked.push(asked);
      if (over !== undefined) this.#over.set(over.key, over.how);
    });
    approver.on("close", () => {
      this.#hears = false;
      if (this.child.exitCode === null && this.child.signalCode === null) this.#hear();
    });
  }

  answer({ key }: Question, answer: string): { status: number | null; stderr: string } {
    return this.#place.call(["approve", this.name, key, answer]);
  }

  get report(): Report {
    return JSON.parse(this.#place.text("report.json")) as Report;
  }
}
