/** Workloads that are recorded in a TPM, and what ledger and TPM say of them. */
import type { ChildProcess } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  watch,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ledger, replayLedger } from "../../packages/attest/src/register/index.ts";
import type { RunReport } from "../../packages/isoline/src/namespace/report.ts";
import { SoftwareTpm } from "../attest/swtpm.ts";
import { type Ended, isoline } from "../support/isoline.ts";

export class Recorded {
  readonly tpm = new SoftwareTpm();
  readonly place = mkdtempSync(join(tmpdir(), "isoline-recorded-"));
  readonly #ledgers = join(this.place, "ledger");

  at(name: string): string {
    return join(this.place, name);
  }

  get options(): readonly string[] {
    return ["--tpm", this.tpm.address, "--tpm-ledger", this.#ledgers];
  }

  /** Runs isoline over a shell script; `onFile` is called once the script has made the file `up`. */
  run(words: readonly string[], script: string, onUp?: (supervisor: ChildProcess) => unknown): Promise<Ended> {
    rmSync(this.at("up"), { force: true });
    return isoline([...words, "--report", "report.json", "--", "sh", "-c", script], {
      cwd: this.place,
      onStart: (child) => {
        if (onUp === undefined) return;
        const watcher = watch(this.place, () => {
          if (!existsSync(this.at("up"))) return;
          watcher.close();
          onUp(child);
        });
        child.once("exit", () => watcher.close());
      },
    });
  }

  /** Lets the script go on that reads the gate, or is about to. One whose supervisor was killed may never read it. */
  open(): void {
    for (let tries = 0; tries < 400; tries++) {
      try {
        const gate = openSync(this.at("gate"), constants.O_WRONLY | constants.O_NONBLOCK);
        writeSync(gate, "x");
        return closeSync(gate);
      } catch (fault) {
        if ((fault as NodeJS.ErrnoException).code !== "ENXIO") throw fault;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      }
    }
  }

  get report(): RunReport {
    return JSON.parse(readFileSync(this.at("report.json"), "utf8")) as RunReport;
  }

  get ledgerFile(): string {
    const only = readdirSync(this.#ledgers).find((name) => name.endsWith(".ledger"));
    return join(this.#ledgers, only ?? "none");
  }

  get ledger(): Ledger {
    return replayLedger(readFileSync(this.ledgerFile));
  }

  /** By tpm2-tools: the births' PCR. */
  pcr(number: number): string {
    const told = this.tpm.tool("tpm2_pcrread", `sha256:${number}`);
    return /0x([0-9A-F]{64})/.exec(told)?.[1]?.toLowerCase() ?? told;
  }

  /** By tpm2-tools: a register. */
  register(index: number): string {
    this.tpm.tool("tpm2_nvread", "-C", "o", `0x${index.toString(16)}`, "-s", "32", "-o", "value");
    return readFileSync(join(this.tpm.place, "value")).toString("hex");
  }

  async close(): Promise<void> {
    await this.tpm.close();
    rmSync(this.place, { recursive: true, force: true });
  }
}

export const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("hex");
