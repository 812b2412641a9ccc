/** A terminal session in which every line that is shown is really run, with the invented home directory. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { constants } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { CliError } from "../error.ts";
import type { Place } from "./project.ts";

/** The output style of the demo. */
export interface Stage {
  print(text: string): void;
  paint(how: "bold" | "dim" | "red" | "green" | "cyan", text: string): string;
}

/** The same path from `src/demo`, `dist/demo` and `dist/bundle`. */
export const ISOLINE = fileURLToPath(new URL("../../bin/isoline", import.meta.url));

const STOPPING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The user pressed Ctrl-C. */
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

  /** `added` is for the environment of every command. */
  constructor(stage: Stage, { home, project }: Pick<Place, "home" | "project">, added: NodeJS.ProcessEnv = {}) {
    this.#stage = stage;
    this.#project = project;
    this.#environment = { ...environmentOf(home), ...added };
    for (const signal of STOPPING) process.on(signal, this.#stop);
  }

  end(): void {
    for (const signal of STOPPING) process.off(signal, this.#stop);
  }

  /** The environment of a command, for those that run beside the shown ones. */
  get environment(): NodeJS.ProcessEnv {
    return this.#environment;
  }

  /** What the user ended the story by. */
  get stopped(): Stopped | undefined {
    return this.#stopped;
  }

  /** Throws if the user has ended the story. */
  goesOn(): void {
    if (this.#stopped !== undefined) throw this.#stopped;
  }

  /** Refuses in one line if the demo cannot be shown. */
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

  /** Runs a line of shell and shows it with its output. Throws if it ends with another status than expected. */
  async run(line: string, expected = 0): Promise<void> {
    this.#stage.print(`${this.#stage.paint("bold", `$ ${line}`)}\n`);
    const status = await this.#ending(line);
    this.goesOn();
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

  /** Asks the running command to end, and ends the story after it, so that its files are not removed while it runs. */
  #stopAt(signal: (typeof STOPPING)[number]): void {
    this.#stopped ??= new Stopped(signal);
    this.#running?.kill(signal);
  }
}

/** The environment of this process, without variables that point npm or Node to another home, project or configuration. */
function environmentOf(home: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|node_|xdg_(config|cache|data)_|init_cwd$)/i.test(name),
  );
  const path = `${dirname(ISOLINE)}:${process.env["PATH"] ?? ""}`;
  return { ...Object.fromEntries(kept), HOME: home, PATH: path };
}
