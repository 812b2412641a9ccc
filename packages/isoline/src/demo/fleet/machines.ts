/** What runs in the story: TPMs in software, a witness, a verifier, nodes that attest, and services under their contour. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { CliError } from "../../error.ts";
import { ISOLINE } from "../session.ts";
import type { FleetPlace } from "./place.ts";
import { Processes, type Running } from "./processes.ts";

const LISTENING_MS = 20;
const MOST_LOOKS = 500;

export class Machines {
  readonly #place: FleetPlace;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #processes = new Processes();
  readonly #tpms = new Map<string, Running>();
  readonly #attesting = new Map<string, Running>();
  readonly #services = new Map<string, Running>();

  constructor(place: FleetPlace, environment: NodeJS.ProcessEnv) {
    this.#place = place;
    this.#environment = environment;
  }

  /** Keys of a TPM, with certificates of an authority that stands for its maker. */
  makeTpm(node: string): void {
    const { at, write } = this.#place;
    const ca = at("maker");
    write(
      "maker/ca.conf",
      `statedir = ${ca}\nsigningkey = ${ca}/signkey.pem\nissuercert = ${ca}/issuercert.pem\ncertserial = ${ca}/serial\n`,
    );
    write("maker/ca.options", "--platform-manufacturer isoline\n--platform-version 1\n--platform-model demo\n");
    write(
      "maker/setup.conf",
      `create_certs_tool = swtpm_localca\ncreate_certs_tool_config = ${ca}/ca.conf\ncreate_certs_tool_options = ${ca}/ca.options\n`,
    );
    write(`${node}/tpm/.made`, "");
    this.#run(
      "swtpm_setup",
      "--tpm2",
      "--tpmstate",
      at(node, "tpm"),
      "--config",
      at("maker/setup.conf"),
      "--create-ek-cert",
      "--lock-nvram",
      "--overwrite",
    );
    const roots = ["swtpm-localca-rootca-cert.pem", "issuercert.pem"].map((name) =>
      readFileSync(at("maker", name), "utf8"),
    );
    write("verifier/trust/makers/maker.pem", roots.join(""));
  }

  /** Where the TPM of a node listens. */
  tpmOf(node: string): string {
    return `unix:${this.#place.at(node, "tpm.sock")}`;
  }

  /** Powers the TPM of a node on. Every power-on is a boot of its own. */
  async powerOn(node: string): Promise<void> {
    const socket = this.#place.at(node, "tpm.sock");
    for (const path of [socket, `${socket}.ctrl`]) rmSync(path, { force: true });
    const words = ["swtpm", "socket", "--tpm2", "--tpmstate", `dir=${this.#place.at(node, "tpm")}`];
    words.push("--server", `type=unixio,path=${socket}`, "--ctrl", `type=unixio,path=${socket}.ctrl`);
    words.push("--flags", "not-need-init,startup-clear");
    const tpm = this.#processes.start(`the TPM of ${node}`, words, this.#on(node));
    this.#tpms.set(node, tpm);
    for (let looks = 0; !existsSync(socket) || tpm.hasEnded; looks++) {
      if (looks === MOST_LOOKS || tpm.hasEnded)
        throw new CliError("no-demo", `swtpm does not listen: ${tpm.said.slice(0, 300)}`);
      await setTimeout(LISTENING_MS);
    }
  }

  /** A reboot, as its TPM sees it: everything on the node ends, and the power is off for a moment. */
  async reboot(node: string): Promise<void> {
    for (const name of this.#services.keys()) if (name.startsWith(`${node}/`)) await this.endService(name);
    await this.#end(this.#attesting, node);
    await this.#end(this.#tpms, node, "SIGKILL");
    await this.powerOn(node);
  }

  /** A witness of logs, and its line for a policy. */
  async startWitness(logs: readonly string[]): Promise<string> {
    const words = [
      "log",
      "witness",
      this.#place.at("witness"),
      "--first",
      "--listen",
      "127.0.0.1:0",
      "--name",
      "witness.example/demo",
    ];
    words.push("--key", this.#place.at("owner/witness.pem"), ...logs.flatMap((log) => ["--log", log]));
    const witness = this.#isoline("the witness", words);
    const [, key] = await witness.says(/^witness (\S+)$/m);
    const [, port] = await witness.says(/listening at 127\.0\.0\.1:(\d+)/);
    return `witness one ${key} http://127.0.0.1:${port}/`;
  }

  /** A verifier; returns where it listens. */
  async startVerifier(): Promise<string> {
    const verifier = this.#isoline("the verifier", ["verifier", "--config", this.#place.at("verifier/verifier.yaml")]);
    const [, address = ""] = await verifier.says(/listening at (\S+)/);
    return address;
  }

  /** Sends evidence of a node from now on. */
  attest(node: string): void {
    this.#attesting.set(node, this.#isoline(`${node}, attesting`, ["fleet", "attest"], node));
  }

  /** Runs the service of `NODE/NAME` under its contour. */
  async startService(name: string, contour: string): Promise<void> {
    const [node = "", label = ""] = name.split("/");
    const words = ["run", contour, "--enforce", "--name", label, "--tpm", this.tpmOf(node), "--", "sh", "service.sh"];
    const { env } = this.#on(node);
    const running = this.#processes.start(name, [ISOLINE, ...words], { cwd: this.#place.at(name), env });
    this.#services.set(name, running);
    running.tell("morning");
    await running.says(/Good morning/);
  }

  /** Sends a request to a service, and waits until it, or its supervisor, says this. */
  async request(name: string, text: string, answer: RegExp): Promise<void> {
    const service = this.#services.get(name);
    service?.tell(text);
    await service?.says(answer);
  }

  async endService(name: string): Promise<void> {
    const service = this.#services.get(name);
    if (service === undefined) return;
    this.#services.delete(name);
    service.tell("quit");
    await service.leaves();
    await this.#processes.end(service);
  }

  async endAll(): Promise<void> {
    await this.#processes.endAll();
  }

  async #end(all: Map<string, Running>, node: string, signal?: NodeJS.Signals): Promise<void> {
    const running = all.get(node);
    if (running !== undefined) await this.#processes.end(running, signal);
    all.delete(node);
  }

  #isoline(what: string, words: readonly string[], node?: string): Running {
    const start = node === undefined ? { cwd: this.#place.root, env: this.#environment } : this.#on(node);
    return this.#processes.start(what, [ISOLINE, ...words], start);
  }

  /** On one of the nodes, whose places are its own. */
  #on(node: string) {
    const directory = this.#place.at(node);
    return { cwd: directory, env: { ...this.#environment, ISOLINE_HOST_DIRECTORY: directory } };
  }

  #run(program: string, ...words: readonly string[]): void {
    const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: "utf8", env: this.#environment });
    if (status === 0) return;
    const last = error?.message ?? `${stdout}${stderr}`.trim().split("\n").at(-1) ?? "";
    throw new CliError("no-demo", `${program} did not work: ${last.slice(0, 300)}`);
  }
}

/** Refuses in one line where a program is missing. */
export function assertInstalled(environment: NodeJS.ProcessEnv): void {
  const packages = { swtpm: "swtpm", swtpm_setup: "swtpm-tools" };
  for (const [program, from] of Object.entries(packages))
    if (spawnSync("sh", ["-c", `command -v ${program}`], { env: environment }).status !== 0)
      throw new CliError("no-demo", `the demo of a fleet needs ${program} (Debian: ${from}); install it and try again`);
}
