/** A real engine behind a wire, for tests. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { generateKeyPairSync } from "node:crypto";
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EnginePlan } from "../../packages/isoline/src/namespace/plan.ts";
import { isolineProgram } from "../support/isoline.ts";

/** The keys of one end, as files and as text. */
export interface KeyFiles {
  readonly privateFile: string;
  readonly publicFile: string;
  readonly privateKey: string;
  readonly publicKey: string;
}

export class TestEngine {
  readonly directory: string;
  readonly address: string;
  readonly engineKey: KeyFiles;
  readonly sensorKey: KeyFiles;
  /** What it said. */
  log = "";
  child: ChildProcess | undefined;
  readonly #uid: number | undefined;

  /** `address` is a Unix socket in a directory of its own if left out. */
  constructor(uid?: number, address?: string) {
    this.directory = mkdtempSync(join(tmpdir(), "isoline-engine-"));
    this.#uid = uid;
    this.address = address ?? `unix:${join(this.directory, "socket")}`;
    this.engineKey = this.makeKeys("engine");
    this.sensorKey = this.makeKeys("sensor");
    if (uid !== undefined) chownSync(this.directory, uid, uid);
  }

  /** Starts it, and waits until it listens. */
  start(...options: readonly string[]): Promise<this> {
    return this.#startWith(["--key", this.engineKey.privateFile, ...options]);
  }

  /** The same, for one that proves its machine by this TPM. */
  startMeasured(tpm: string): Promise<this> {
    return this.#startWith(["--tpm", tpm]);
  }

  async #startWith(options: readonly string[]): Promise<this> {
    const words = ["engine", "serve", "--listen", this.address, "--sensor-key", this.sensorKey.publicFile, ...options];
    const child = spawn(isolineProgram, words, {
      stdio: ["ignore", "ignore", "pipe"],
      ...(this.#uid === undefined ? {} : { uid: this.#uid, gid: this.#uid }),
    });
    this.child = child;
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.log += text;
    });
    await this.said("listening at");
    return this;
  }

  /** Waits until it said something. */
  async said(text: string): Promise<void> {
    while (!this.log.includes(text)) {
      if (this.child?.exitCode !== null) throw new Error(`the engine ended: ${this.log}`);
      await once(this.child.stderr as NodeJS.ReadableStream, "data");
    }
  }

  /** The options of learn, check and run. */
  get options(): readonly string[] {
    const { address, engineKey, sensorKey } = this;
    return ["--engine", address, "--engine-key", engineKey.publicFile, "--sensor-key", sensorKey.privateFile];
  }

  get plan(): EnginePlan {
    const { address, engineKey, sensorKey } = this;
    const keys = [{ name: engineKey.publicFile, pem: engineKey.publicKey }];
    return { address, proves: keys, key: sensorKey.privateKey, milliseconds: 5000 };
  }

  makeKeys(name: string): KeyFiles {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519", {
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    const [privateFile, publicFile] = [join(this.directory, `${name}.pem`), join(this.directory, `${name}.pub`)];
    writeFileSync(privateFile, privateKey, { mode: 0o600 });
    writeFileSync(publicFile, publicKey);
    if (this.#uid !== undefined) chownSync(privateFile, this.#uid, this.#uid);
    return { privateFile, publicFile, privateKey, publicKey };
  }

  async close(): Promise<void> {
    const { child } = this;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}
