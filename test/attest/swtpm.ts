/** A TPM for tests: a real swtpm with a state of its own, and tpm2-tools to look at it from another side. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { commands, hierarchies, type PublicArea, Tpm } from "../../packages/attest/src/tpm/index.ts";
import { isInstalled } from "../support/machine.ts";

export const needsSwtpm = !isInstalled("swtpm") || !isInstalled("tpm2_quote");

export class SoftwareTpm {
  readonly place: string;
  #process: ChildProcess | undefined;

  constructor() {
    this.place = mkdtempSync(join(tmpdir(), "isoline-tpm-"));
    mkdirSync(join(this.place, "state"));
  }

  /** For `Tpm.open`. */
  get address(): string {
    return `unix:${join(this.place, "socket")}`;
  }

  /** Makes its keys, and certificates for them from an authority of its own. */
  certify(): void {
    const ca = join(this.place, "ca");
    mkdirSync(ca);
    const setting = {
      "ca.conf": `statedir = ${ca}\nsigningkey = ${ca}/signkey.pem\nissuercert = ${ca}/issuercert.pem\ncertserial = ${ca}/serial\n`,
      "ca.options": "--platform-manufacturer isoline\n--platform-version 1\n--platform-model test\n",
      "setup.conf": `create_certs_tool = /usr/bin/swtpm_localca\ncreate_certs_tool_config = ${ca}/ca.conf\ncreate_certs_tool_options = ${ca}/ca.options\n`,
    };
    for (const [name, text] of Object.entries(setting)) writeFileSync(join(ca, name), text);
    const words = ["--tpm2", "--tpmstate", join(this.place, "state"), "--config", join(ca, "setup.conf")];
    words.push("--create-ek-cert", "--create-platform-cert", "--lock-nvram", "--overwrite");
    const { status, stdout, stderr } = spawnSync("swtpm_setup", words, { encoding: "utf8" });
    if (status !== 0) throw new Error(`swtpm_setup: ${stdout}${stderr}`);
  }

  /** The certificates of that authority, in PEM. */
  authority(): { readonly root: string; readonly issuer: string } {
    const file = (name: string) => readFileSync(join(this.place, "ca", name), "utf8");
    return { root: file("swtpm-localca-rootca-cert.pem"), issuer: file("issuercert.pem") };
  }

  /** Powers it on, or wakes it after `tpm2_shutdown`. The state of an earlier start is there again. */
  async start(startup: "clear" | "state" = "clear"): Promise<void> {
    const socket = join(this.place, "socket");
    for (const path of [socket, `${socket}.ctrl`]) rmSync(path, { force: true });
    const words = ["socket", "--tpm2", "--tpmstate", `dir=${join(this.place, "state")}`];
    words.push("--server", `type=unixio,path=${socket}`, "--ctrl", `type=unixio,path=${socket}.ctrl`);
    words.push("--flags", `not-need-init,startup-${startup}`);
    this.#process = spawn("swtpm", words, { stdio: "ignore" });
    // The socket is there before swtpm listens.
    for (let tries = 0; tries < 500; tries++) {
      const tpm = existsSync(socket) ? await Tpm.open(this.address).catch(() => undefined) : undefined;
      if (tpm) return tpm.close();
      await setTimeout(20);
    }
    throw new Error("swtpm does not listen");
  }

  /** Has it answer nothing, or answer again. */
  freeze(isFrozen: boolean): void {
    this.#process?.kill(isFrozen ? "SIGSTOP" : "SIGCONT");
  }

  /** Takes its socket away, so that each new connection is refused at once, or puts it back. */
  hide(isHidden: boolean): void {
    const places = [join(this.place, "socket"), join(this.place, "away")] as const;
    const [from, to] = isHidden ? places : ([places[1], places[0]] as const);
    renameSync(from, to);
  }

  /** Cuts its power. */
  async stop(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGKILL");
    await ended;
  }

  /** One connection at a time: swtpm has no resource manager. */
  async using<T>(work: (tpm: Tpm) => Promise<T>): Promise<T> {
    const tpm = await Tpm.open(this.address);
    try {
      return await work(tpm);
    } finally {
      tpm.close();
    }
  }

  /** Runs a program of tpm2-tools, which connects for itself: no other connection may be open. */
  tool(program: string, ...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: this.place,
      encoding: "utf8",
      env: { ...process.env, TPM2TOOLS_TCTI: `swtpm:path=${join(this.place, "socket")}` },
    });
    if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.place, { recursive: true, force: true });
  }
}

/** Makes a key of the endorsement hierarchy. */
export function primary(tpm: Tpm, template: PublicArea) {
  const nothing = new Uint8Array();
  const sensitive = { userAuth: nothing, data: nothing };
  return tpm.run(
    commands.createPrimary,
    { sensitive, public: template, outside: nothing, creationPcrs: [] },
    { handles: [hierarchies.endorsement] },
  );
}
