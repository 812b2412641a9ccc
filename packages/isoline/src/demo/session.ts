/** A terminal session in which every line that is shown is really run, with the made-up home as its home. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { constants } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { CliError } from "../error.ts";
import type { Place } from "./project.ts";

/** How the demo speaks. */
export interface Stage {
  print(text: string): void;
  paint(how: "bold" | "dim" | "red" | "green" | "cyan", text: string): string;
}

/** From `src/demo`, `dist/demo` and `dist/bundle` alike. */
const ISOLINE = fileURLToPath(new URL("../../bin/isoline", import.meta.url));

const STOPPING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Somebody had enough. */
export class Stopped extends CliError {
  readonly status: number;

  constructor(signal: (typeof STOPPING)[number]) {
    super("no-demo", `the demo was ended by ${signal}`);
    this.status = 128 + constants.signals[signal];
  }
}

export class Session {
  readonly #stage: Stage;
  readonly #project: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #stop = (signal: NodeJS.Signals): void => this.#stopAt(signal as (typeof STOPPING)[number]);
  #running: ChildProcess | undefined;
  #stopped: Stopped | undefined;

  constructor(stage: Stage, { home, project }: Place) {
    this.#stage = stage;
    this.#project = project;
    this.#environment = environmentOf(home);
    for (const signal of STOPPING) process.on(signal, this.#stop);
  }

  end(): void {
    for (const signal of STOPPING) process.off(signal, this.#stop);
  }

  /** Refuses in one line where the demo cannot be shown. */
  assertPossible(): void {
    const npm = this.#try("npm", ["--version"]);
    if (npm.error !== undefined || npm.status !== 0)
      throw new CliError("no-demo", "the demo needs npm, which comes with Node; put it on PATH and try again");
    const isoline = this.#try(ISOLINE, ["learn", "-q", "-o", "../first.contour", "--", "true"]);
    if (isoline.status === 0) return;
    const [line = ""] = isoline.stderr.trim().split("\n").slice(-1);
    const reason = line.replace(/^isoline: /, "") || isoline.error?.message || `status ${isoline.status}`;
    throw new CliError("no-demo", `nothing can be learnt here, so there is nothing to show: ${reason}`);
  }

  /** Runs a line of shell and shows it with whatever it prints. Throws if it ends with another status than it should. */
  async run(line: string, expected = 0): Promise<void> {
    this.#stage.print(`${this.#stage.paint("bold", `$ ${line}`)}\n`);
    const status = await this.#ending(line);
    if (this.#stopped !== undefined) throw this.#stopped;
    if (status === expected) return;
    const ended = typeof status === "number" ? `ended with status ${status}` : `was ended by ${status}`;
    throw new CliError(
      "no-demo",
      `expected status ${expected} here, but the last command ${ended}; run isoline demo --keep to look closer`,
    );
  }

  #ending(line: string): Promise<number | NodeJS.Signals> {
    return new Promise((resolve, reject) => {
      this.#running = spawn("/bin/sh", ["-c", line], {
        cwd: this.#project,
        env: this.#environment,
        stdio: ["ignore", "inherit", "inherit"],
      });
      this.#running.once("error", reject);
      this.#running.once("close", (status, signal) => resolve(status ?? signal ?? "SIGKILL"));
    });
  }

  #try(command: string, args: readonly string[]) {
    return spawnSync(command, args, { cwd: this.#project, env: this.#environment, encoding: "utf8" });
  }

  /** What is running is asked to end as well, and the story ends after it, so that nothing is removed under its feet. */
  #stopAt(signal: (typeof STOPPING)[number]): void {
    this.#stopped ??= new Stopped(signal);
    this.#running?.kill(signal);
  }
}

/** As it is here, but for what would tell npm or Node of another home, another project, or other manners. */
function environmentOf(home: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|node_|xdg_(config|cache|data)_|init_cwd$)/i.test(name),
  );
  const path = `${dirname(ISOLINE)}:${process.env["PATH"] ?? ""}`;
  return { ...Object.fromEntries(kept), HOME: home, PATH: path };
}
