/** A page of docs/how-to, and the commands of it that were run, in a directory of their own. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Ended, ended, isolineProgram, SYSTEM_PATH } from "../support/isoline.ts";

const COMMAND = /^(?:\$ )?((?:isoline|podman|npm|kill|systemctl) .*)/;

export class Page {
  readonly excused: readonly (readonly [command: RegExp, why: string])[];
  readonly #directory = mkdtempSync(join(tmpdir(), "isoline-how-to-"));
  readonly #text: string;
  readonly #commands: readonly string[];
  readonly #ran = new Set<string>();

  constructor(name: string, excused: Page["excused"]) {
    this.excused = excused;
    this.#text = readFileSync(fileURLToPath(new URL(`../../docs/how-to/${name}.md`, import.meta.url)), "utf8");
    this.#commands = this.blocks("").flatMap((block) =>
      block.split("\n").flatMap((line) => COMMAND.exec(line)?.[1]?.replace(/ +#.*/, "") ?? []),
    );
    mkdirSync(this.at("runtime"), { mode: 0o700 });
  }

  /** The code blocks of a language; "" for those without one. */
  blocks(language: string): readonly string[] {
    const fenced = [...this.#text.matchAll(/^```(\w*)\n([^]*?)^```$/gm)];
    return fenced.flatMap(([, named, block = ""]) => (named === language ? [block] : []));
  }

  at(file: string): string {
    return join(this.#directory, file);
  }

  /** Runs a command of the page; `as` puts something in place of what the page can only give as an example. */
  run(command: string, as: (line: string) => string = (line) => line): Promise<Ended> {
    return this.runTogether([command], as);
  }

  runTogether(commands: readonly string[], as: (script: string) => string): Promise<Ended> {
    const strange = commands.filter((command) => !this.#commands.includes(command));
    if (strange.length > 0) throw new Error(`the page does not have ${strange.join(", ")}`);
    for (const command of commands) this.#ran.add(command);
    return this.does(as(commands.join("\n")));
  }

  /** Runs a command that the page leaves to its reader. */
  does(script: string): Promise<Ended> {
    // In a session of its own: a terminal from which the tests are started would be asked at.
    return ended("setsid", ["--wait", "sh", "-c", script], {
      cwd: this.#directory,
      env: {
        HOME: this.#directory,
        PATH: `${dirname(isolineProgram)}:${SYSTEM_PATH}`,
        XDG_RUNTIME_DIR: this.at("runtime"),
        npm_config_offline: "true",
        npm_config_update_notifier: "false",
      },
    });
  }

  /** Repeats a command until its output is as expected; a test that waits in vain ends by its own time limit. */
  async until(script: string, isThere: (stdout: string) => boolean): Promise<void> {
    while (!isThere((await this.does(script)).stdout)) await pause(50);
  }

  /** The commands that were not run and have no reason for it. */
  get left(): readonly string[] {
    return this.#commands.filter(
      (command) => !this.#ran.has(command) && !this.excused.some(([which]) => which.test(command)),
    );
  }

  clear(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
