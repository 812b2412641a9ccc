/** A verifier in a process of its own, started as an operator starts it. */
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isolineProgram, SYSTEM_PATH } from "../support/isoline.ts";

export class VerifierProcess {
  readonly address: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, address: string) {
    this.#child = child;
    this.address = address;
  }

  static start(place: string, configuration: object): Promise<VerifierProcess> {
    const path = join(place, "verifier.yaml");
    writeFileSync(path, JSON.stringify(configuration));
    const child = spawn(isolineProgram, ["verifier", "--config", path], {
      env: { PATH: SYSTEM_PATH, HOME: place, LC_ALL: "C" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    return new Promise((resolve, reject) => {
      let said = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        const address = /listening at (\S+)/.exec(said)?.[1];
        if (address !== undefined) resolve(new VerifierProcess(child, address));
      });
      child.once("exit", (status) => reject(new Error(`the verifier ended with ${status}: ${said}`)));
    });
  }

  async end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const ended = new Promise<number | null>((resolve) => this.#child.once("exit", resolve));
    this.#child.kill(signal);
    return await ended;
  }
}
