/** An agent of its own for a test, in a directory that goes with it. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ended, isoline, isolineProgram, type Start, SYSTEM_PATH } from "../support/isoline.ts";

export interface Logged {
  readonly event: string;
  readonly namespace?: string;
  readonly verdict?: string;
  readonly why?: string;
}

export class TestAgent {
  readonly directory: string = mkdtempSync(join(tmpdir(), "isoline-agent-"));
  readonly socket: string = join(this.directory, "agent", "socket");
  readonly metrics: string = join(this.directory, "agent", "metrics");
  #process: ChildProcess | undefined;
  #said = "";

  /** Starts it in place of the one before. `configuration` is YAML; it takes over what others left only where that says so. */
  async start(
    configuration = "",
    environment: Readonly<Record<string, string>> = {},
    program: string = isolineProgram,
  ): Promise<void> {
    await this.end("SIGKILL");
    const file = join(this.directory, "agent.yaml");
    const adopts = /^adopt:/m.test(configuration) ? "" : "adopt: false\n";
    writeFileSync(file, `socket: ${this.socket}\nmetrics: unix:${this.metrics}\n${adopts}${configuration}`, {
      mode: 0o600,
    });
    this.#said = "";
    const child = spawn(program, ["agent", "--config", file], {
      cwd: this.directory,
      env: { PATH: SYSTEM_PATH, HOME: this.directory, LC_ALL: "C", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    await new Promise<void>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr])
        stream?.setEncoding("utf8").on("data", (text: string) => {
          this.#said += text;
          if (this.#said.includes('"event":"ready"')) resolve();
        });
      child.on("exit", () => reject(new Error(`the agent ended: ${this.#said}`)));
    });
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** What it has logged so far. */
  get log(): readonly Logged[] {
    return this.#said
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Logged);
  }

  /** Everything it has written. */
  get said(): string {
    return this.#said;
  }

  /** Ends it, and waits until it has ended. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const over = new Promise((resolve) => child.on("exit", resolve));
    child.kill(signal);
    await over;
  }

  async clear(): Promise<void> {
    await this.end("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Runs isoline in its directory. */
  isoline(args: readonly string[], start: Partial<Start> = {}): Promise<Ended> {
    return isoline(args, { cwd: this.directory, ...start });
  }

  /** What it answers where its metrics are, or at another socket. */
  fetch(
    path: string,
    socketPath: string = this.metrics,
  ): Promise<{ readonly status: number | undefined; readonly text: string }> {
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath, path }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece: string) => {
          text += piece;
        });
        response.on("end", () => resolve({ status: response.statusCode, text }));
      });
      asked.on("error", reject);
      asked.end();
    });
  }

  /** Runs a shell command that the agent supervises. */
  run(words: readonly string[], script: string, start: Partial<Start> = {}): Promise<Ended> {
    return this.isoline(["run", ...words, "--agent", "--agent-socket", this.socket, "--", "sh", "-c", script], start);
  }
}
